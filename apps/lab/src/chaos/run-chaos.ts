import { audit } from '../audit/audit.js';
import { readChannels } from '../audit/channels.js';
import { publishedOutOfOrder } from '../audit/order.js';
import { readBooks } from '../audit/read-books.js';
import type { Told } from '../audit/told.js';
import { watch } from '../audit/watch.js';
import { openAccount } from '../demo/bank-client.js';
import { CURRENCY } from '../demo/script.js';
import { isWell } from '../load/complaints.js';
import type { DeliveryStrategy } from '../parts/bank.js';
import type { Closers } from '../parts/closers.js';
import { ChaosClients, type ClientsOptions } from './chaos-clients.js';
import { openChaosStage, type ChaosStage } from './chaos-stage.js';
import { Eye } from './eye.js';
import { TRANSACTIONS } from './fault.js';
import { History, type FaultRecord } from './history.js';
import { inflict } from './inflict.js';
import { planOf } from './plan.js';
import { waitUntilSettled } from './settled.js';
import type { Remains } from './verdict.js';
import { setTimeout as delay } from 'node:timers/promises';

/** What a run needs to know. */
export interface RunOptions {
  readonly strategy: DeliveryStrategy;
  readonly seed: number;
  readonly durationMs: number;
  readonly ratePerSecond: number;
  /** Where the history goes. */
  readonly historyFile: string;
  readonly say: (line: string) => void;
  readonly onFault: (record: FaultRecord) => void;
}

/** What came of a run. */
export interface ChaosRun extends Remains {
  readonly strategy: DeliveryStrategy;
  readonly durationMs: number;
  /** When nothing failed any more, since the run began, in ms. */
  readonly healedAtMs: number;
  /** How many orders the clients were told what of. */
  readonly told: Readonly<Record<'accepted' | 'refused' | 'unknown', number>>;
  /** Readings that could not be made, as while a database was down. */
  readonly blind: number;
}

const ACCOUNTS = 24;
const CLIENTS = 16;
/** A client that insists is answered soon when everything is whole again. */
const INSIST_MS_MAX = 30_000;
const WITNESS_MS_MAX = 60_000;
/** So many readings make a curve. */
const READINGS = 600;
const READING_MS_LEAST = 250;
/** Of a log line, in characters: enough to know what it is about. */
const LINE_MAX = 500;

/**
 * Runs the bank for a time while everything that it stands on fails, lets it heal, and reads what is left.
 * @param open takes what must be closed when the user breaks it off
 */
export async function runChaos(options: RunOptions, open: Closers): Promise<ChaosRun> {
  const stage = await openChaosStage(options.strategy, open, options.say);
  try {
    await stage.start();
    const { url = '' } = stage.service('accounts-a');
    const owners = Array.from({ length: ACCOUNTS }, (_, index) => `Customer ${index + 1}`);
    const accountIds = await Promise.all(owners.map((owner) => openAccount(url, owner)));
    options.say(`two instances of each service and their relays are up; ${ACCOUNTS} accounts are open`);
    const history = new History(options.historyFile);
    try {
      return await runOn(stage, accountIds, { ...options, history });
    } finally {
      await history.close();
    }
  } finally {
    await stage.close();
  }
}

type Play = RunOptions & { readonly history: History };

async function runOn(stage: ChaosStage, accountIds: readonly string[], play: Play): Promise<ChaosRun> {
  const { strategy, seed, durationMs, history, onFault } = play;
  history.write({ what: 'run', seed, strategy, durationMs });
  const clients = new ChaosClients({ ...play, accountIds, currency: CURRENCY, urls: clientUrls(stage) });
  const end = new AbortController();
  const eye = new Eye(history);
  writeComplaints(stage, history);
  const watching = watch(stage.ground.databases, {
    everyMs: Math.max(READING_MS_LEAST, durationMs / READINGS),
    signal: end.signal,
    onSighting: (sighting) => eye.see(sighting),
    onBlind: (reason) => eye.miss(reason),
  });
  try {
    clients.start(CLIENTS);
    const faults = await inflict(stage, planOf(seed, durationMs), { history, onFault, signal: end.signal });
    await delay(Math.max(0, durationMs - history.nowMs));
    const healedAtMs = history.nowMs;
    history.write({ what: 'healed' });
    await clients.stop(INSIST_MS_MAX);
    play.say('everything is whole again, and every client knows, or has given up');
    const settled = await waitUntilSettled(stage.ground.databases, strategy);
    const recoveryMs = settled ? history.nowMs - healedAtMs : null;
    history.write({ what: settled ? 'settled' : 'not settled' });
    end.abort();
    await watching;
    return {
      strategy,
      durationMs,
      healedAtMs,
      faults,
      recoveryMs,
      ...eye.seen,
      ...(await judge(stage, clients)),
    };
  } finally {
    end.abort();
    await Promise.all([clients.stop(0), watching]);
  }
}

/** Warnings and errors of the programs: what they thought of it. */
function writeComplaints({ programs }: ChaosStage, history: History): void {
  for (const [program, { log }] of programs) {
    log.onLine((line) => {
      if (!isWell(line)) history.write({ what: 'said', program, line: line.slice(0, LINE_MAX) });
    });
  }
}

function clientUrls({ cables }: ChaosStage): ClientsOptions['urls'] {
  const urlOf = (name: (typeof TRANSACTIONS)[number]) =>
    `http://127.0.0.1:${cables.get(`client–${name}`)?.port}`;
  return { 'transactions-a': urlOf('transactions-a'), 'transactions-b': urlOf('transactions-b') };
}

/** Reads both databases and the whole broker, and compares them with what the clients were told. */
async function judge(
  { ground }: ChaosStage,
  { told, surprises }: ChaosClients,
): Promise<Pick<ChaosRun, 'audit' | 'outOfOrder' | 'surprises' | 'told'>> {
  const books = await readBooks(ground.databases, () =>
    readChannels(ground.broker, ground.channelPrefix, WITNESS_MS_MAX),
  );
  const count = (wanted: Told['outcome']) =>
    [...told.values()].filter(({ outcome }) => outcome === wanted).length;
  return {
    audit: audit(books, told),
    outOfOrder: publishedOutOfOrder(books.channels?.events ?? []),
    surprises,
    told: { accepted: count('accepted'), refused: count('refused'), unknown: count('unknown') },
  };
}
