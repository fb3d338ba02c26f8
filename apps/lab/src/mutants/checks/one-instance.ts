import { Client as Database } from 'pg';
import { DeadlineError } from '../../lab.errors.js';
import type { CellAccounts } from '../../matrix/client.js';
import { until } from '../../parts/deadline.js';
import { readRows } from '../../parts/sql.js';
import type { Check } from './check.js';
import type { Finding } from './finding.js';
import { reversed, type Scene } from './scene.js';

const REQUESTED = 'transfer.requested';
const WITHIN_MS = 20_000;
/** Longer than the check needs: the connection is to come back, not to be given up. */
const RESUME_MS = 60_000;
/** Of two transfers that cross, one may get both locks in time by chance; of so many pairs, not each. */
const PAIRS = 3;
/** More than a process takes from the signal to the end of its connection when it waits for nobody. */
const CLOSED_EARLY_MS = 2_000;

const LOCK_WAITS = `
  select count(*)::int as waits from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock'`;
const REDELIVERED = `select sequence, redeliveries from inbox_redelivery where channel = '${REQUESTED}'`;

/** What needs one instance of each service and no crash. */
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
    title: 'transfers from one account to another and back are handled at once',
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
  const environment = { NATS_RESUME_TIMEOUT_MS: String(RESUME_MS) };
  const instance = await scene.startInstance({ environment, brokerCable });
  await brokerCable.set('refuse');
  await instance.waitForLine(/NATS connection interrupted/, WITHIN_MS);
  await scene.order(instance, accounts);
  await brokerCable.set('mended');
  await instance.waitForLine(/NATS connection resumed/, WITHIN_MS);
  // What waited in the client is on its way before this one.
  await scene.order(instance, accounts);
  return scene.findings(accounts);
}

async function crossing(scene: Scene): Promise<Finding[]> {
  const { accounts: service, transactions } = scene.stage.bank;
  const pairs: CellAccounts[] = [];
  for (let index = 0; index < PAIRS; index += 1) pairs.push(await scene.stage.openAccounts());
  await service.report(true);
  const ids = pairs.flatMap(({ debitAccountId, creditAccountId }) => [debitAccountId, creditAccountId]);
  const release = await hold(scene, {
    statement: 'select id from account where id = any($1) for update',
    values: [ids],
    waiters: ids.length,
    start: async () => {
      await Promise.all(
        pairs
          .flatMap((pair) => [pair, reversed(pair)])
          .map((accounts) => scene.order(transactions, accounts)),
      );
    },
  });
  await release();
  const findings: Finding[] = [];
  for (const pair of pairs) findings.push(...(await scene.findings(pair)));
  return [...findings, ...brokenOff(service.steps.since(0))];
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
  const release = await hold(scene, {
    statement: 'lock table entry in share mode',
    values: [],
    waiters: 1,
    start: async () => void (await scene.order(transactions, accounts)),
  });
  service.kill('SIGTERM');
  await service.waitForLine(/NATS connection closed/, CLOSED_EARLY_MS).catch((error: unknown) => {
    if (!(error instanceof DeadlineError)) throw error;
  });
  await release();
  await service.waitForExit(1, WITHIN_MS);
  const mark = service.log.end;
  service.start();
  await service.waitUntilListening(mark);
  const findings = await scene.findings(accounts);
  const again = await readRows<{ sequence: string }>(scene.databases.accounts, REDELIVERED);
  return [
    ...findings,
    ...again.map(({ sequence }) => ({
      kind: 'delivered again' as const,
      text: `message ${sequence} of ${REQUESTED} came again after the restart`,
    })),
  ];
}

interface Hold {
  /** Takes the lock in the database of `accounts`. */
  readonly statement: string;
  readonly values: readonly unknown[];
  /** What is to run into the lock. */
  readonly start: () => Promise<void>;
  /** How many sessions are to wait for it. */
  readonly waiters: number;
}

/** Holds a lock until so many sessions wait for it. @returns lets them go */
async function hold(scene: Scene, { statement, values, start, waiters }: Hold): Promise<() => Promise<void>> {
  const database = new Database({ connectionString: scene.databases.accounts });
  await database.connect();
  try {
    await database.query('begin');
    await database.query(statement, [...values]);
    await start();
    await until(`${waiters} sessions to wait`, WITHIN_MS, async () => {
      const [row] = await readRows<{ waits: number }>(scene.databases.accounts, LOCK_WAITS);
      return (row?.waits ?? 0) >= waiters ? true : undefined;
    });
  } catch (error) {
    await database.end();
    throw error;
  }
  return () => database.end();
}
