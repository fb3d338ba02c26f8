import { readChannelIfAny } from '../../audit/witness.js';
import { DeadlineError } from '../../lab.errors.js';
import { until } from '../../parts/deadline.js';
import { readRows } from '../../parts/sql.js';
import type { Check } from './check.js';
import type { Finding } from './finding.js';
import { Lock, lockWaits } from './lock.js';
import { reversed, type Scene } from './scene.js';

const REQUESTED = 'transfer.requested';
const WITHIN_MS = 60_000;
/** Longer than a check takes: the connection is to come back, and is given up for no time and no missing PONG. */
const PATIENT_MS = 60_000;
const SUBSCRIBED = [/Subscribed to transfer\.posted/, /Subscribed to transfer\.rejected/];
/** After it a publish counts as unknown; less than a client waits for its answer. */
const UNANSWERED_MS = 3_000;
/** More than a process takes from the signal to the end of its connection when it waits for nobody. */
const CLOSED_EARLY_MS = 4_000;

const LOCK_ACCOUNT = 'select id from account where id = $1 for update';
const REDELIVERED = `select sequence from inbox_redelivery where channel = '${REQUESTED}'`;

/** What becomes of connections, locks and processes that stop, without a second relay. */
export const ONE_INSTANCE: readonly Check[] = [
  {
    name: 'publish-while-interrupted',
    title: 'a publish while the connection is interrupted, which then comes back',
    strategy: 'direct-before-commit',
    service: 'transactions',
    play: publishWhileInterrupted,
  },
  {
    name: 'crossing-transfers',
    title: 'two transfers between the same accounts, there and back, are handled at once',
    strategy: 'outbox',
    service: 'accounts',
    play: crossing,
  },
  {
    name: 'stopped-while-handling',
    title: 'a consumer is asked to stop (SIGTERM) while it handles a message',
    strategy: 'outbox',
    service: 'accounts',
    play: stoppedWhileHandling,
  },
];

async function publishWhileInterrupted(scene: Scene): Promise<Finding[]> {
  const accounts = await scene.stage.openAccounts();
  const brokerCable = await scene.layCable();
  const environment = {
    NATS_RESUME_TIMEOUT_MS: String(PATIENT_MS),
    NATS_PINGS_OUT_MAX: '100',
    NATS_ACK_TIMEOUT_MS: String(UNANSWERED_MS),
  };
  const instance = await scene.startInstance({ environment, brokerCable });
  // A publish alone is to meet the interruption, and no request to subscribe.
  await Promise.all(SUBSCRIBED.map((line) => instance.waitForLine(line, WITHIN_MS)));
  await brokerCable.set('refuse');
  await instance.waitForLine(/NATS connection interrupted/, WITHIN_MS);
  await scene.order(instance, accounts);
  await brokerCable.set('mended');
  await instance.waitForLine(/NATS connection resumed/, WITHIN_MS);
  const { size: stored } = await readChannelIfAny(scene.stage.broker, REQUESTED, WITHIN_MS);
  await until('what the broker has to be posted', WITHIN_MS, async () => {
    const { postings } = await scene.stage.readBooks();
    return postings.filter(({ transferId }) => transferId !== null).length >= stored ? true : undefined;
  });
  return scene.findings(accounts);
}

async function crossing(scene: Scene): Promise<Finding[]> {
  const { accounts: service, transactions } = scene.stage.bank;
  const opened = await scene.stage.openAccounts();
  const accounts = opened.debitAccountId < opened.creditAccountId ? opened : reversed(opened);
  await service.report(true);
  const mark = service.steps.end;
  const { databases } = scene;
  const first = await Lock.on(databases.accounts, LOCK_ACCOUNT, accounts.debitAccountId);
  const second = await Lock.on(databases.accounts, LOCK_ACCOUNT, accounts.creditAccountId);
  try {
    await Promise.all([accounts, reversed(accounts)].map((each) => scene.order(transactions, each)));
    await untilLockWaits(databases.accounts, 2);
    await first.release();
    // Whoever waited for it has it now, and waits for the other one.
    await until('the first account to be taken', WITHIN_MS, () =>
      isTaken(databases.accounts, accounts.debitAccountId),
    );
  } finally {
    await first.release();
    await second.release();
  }
  return [...(await scene.findings(accounts)), ...brokenOff(service.steps.since(mark))];
}

/** Whether somebody has locked an account; a look that finds it free leaves it so. */
async function isTaken(databaseUrl: string, accountId: string): Promise<true | undefined> {
  const lock = await Lock.on(databaseUrl, `${LOCK_ACCOUNT} skip locked`, accountId);
  await lock.release();
  return lock.rows === 0 ? true : undefined;
}

/** A transaction that is broken off is begun anew: its message is recorded twice. */
function brokenOff(steps: readonly { readonly step: string; readonly detail: object }[]): Finding[] {
  const recorded = steps
    .filter(({ step }) => step === 'inbox.recorded')
    .map(({ detail }) => 'id' in detail && detail.id);
  return [...new Set(recorded)]
    .filter((id) => recorded.indexOf(id) !== recorded.lastIndexOf(id))
    .map((id) => ({
      kind: 'deadlock',
      text: `the handling of event ${String(id)} was broken off and begun anew`,
    }));
}

async function stoppedWhileHandling(scene: Scene): Promise<Finding[]> {
  const { accounts: service, transactions } = scene.stage.bank;
  const accounts = await scene.stage.openAccounts();
  const ended = service.exits.length;
  const before = await redelivered(scene);
  const held = await Lock.on(scene.databases.accounts, 'lock table entry in share mode');
  try {
    await scene.order(transactions, accounts);
    await untilLockWaits(scene.databases.accounts, 1);
    service.kill('SIGTERM');
    await service.waitForLine(/NATS connection closed/, CLOSED_EARLY_MS).catch((error: unknown) => {
      if (!(error instanceof DeadlineError)) throw error;
    });
  } finally {
    await held.release();
  }
  await service.waitForExit(ended + 1, WITHIN_MS);
  const mark = service.log.end;
  service.start();
  await service.waitUntilListening(mark);
  const findings = await scene.findings(accounts);
  const again = [...(await redelivered(scene))].filter((sequence) => !before.has(sequence));
  return [
    ...findings,
    ...again.map((sequence) => ({
      kind: 'delivered again' as const,
      text: `message ${sequence} of ${REQUESTED} came again after the restart`,
    })),
  ];
}

/** The broker's numbers of the requests that came to `accounts` more than once. */
async function redelivered({ databases }: Scene): Promise<Set<string>> {
  const rows = await readRows<{ sequence: string }>(databases.accounts, REDELIVERED);
  return new Set(rows.map(({ sequence }) => sequence));
}

/** Waits until so many sessions of a database wait for a lock. */
async function untilLockWaits(databaseUrl: string, sessions: number): Promise<void> {
  await until(`${sessions} sessions to wait for a lock`, WITHIN_MS, async () =>
    (await lockWaits(databaseUrl)) >= sessions ? true : undefined,
  );
}
