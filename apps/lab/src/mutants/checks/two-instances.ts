import { readChannel } from '../../audit/witness.js';
import type { Answer, CellAccounts } from '../../matrix/client.js';
import type { Service } from '../../parts/bank.js';
import { until } from '../../parts/deadline.js';
import { readRows } from '../../parts/sql.js';
import type { Check } from './check.js';
import type { Finding } from './finding.js';
import { lockWaits } from './lock.js';
import { reversed, type Scene } from './scene.js';

const REQUESTED = 'transfer.requested';
const WITHIN_MS = 60_000;
/** Long enough for another instance to take an order and to publish it. */
const SLEEPER_LEASE_MS = 10_000;
/** Longer than a check takes: what it holds, nobody takes over. */
const HOLDER_LEASE_MS = 120_000;

const ATTEMPTS = `select id, attempts from outbox_message where type = '${REQUESTED}'`;

/** What needs a second instance of `transactions` on the same database. */
export const TWO_INSTANCES: readonly Check[] = [
  {
    name: 'late-commit',
    title: 'a transaction commits after another one that began later was published',
    strategy: 'outbox',
    service: 'transactions',
    play: lateCommit,
  },
  {
    name: 'two-writers-of-a-key',
    title: 'two transactions of one key are open at once',
    strategy: 'outbox',
    service: 'transactions',
    play: twoWriters,
  },
  {
    name: 'two-relays-and-a-key',
    title: 'a relay falls asleep over the first of two events of a key, and another relay is awake',
    strategy: 'outbox',
    service: 'transactions',
    play: twoRelays,
  },
  {
    name: 'relay-that-overslept',
    title: 'a relay wakes up after its lease and settles, while another one holds the key',
    strategy: 'outbox',
    service: 'transactions',
    play: overslept,
  },
];

async function lateCommit(scene: Scene): Promise<Finding[]> {
  const { transactions } = scene.stage.bank;
  const accounts = await scene.stage.openAccounts();
  const writer = await scene.startInstance({ environment: { OUTBOX_RELAY: 'off' } });
  const late = await orderAndStop(scene, { at: writer, accounts, step: 'outbox.unit.committing' });
  await transactions.report(true);
  const mark = transactions.steps.end;
  await scene.order(transactions, reversed(accounts));
  const settled = { step: 'outbox.relay.settled', match: { channel: REQUESTED } };
  await transactions.waitForStep(settled, WITHIN_MS, mark);
  await writer.wake();
  await late.answer;
  return scene.findings(accounts);
}

async function twoWriters(scene: Scene): Promise<Finding[]> {
  const accounts = await scene.stage.openAccounts();
  const one = await scene.startInstance({ environment: { OUTBOX_RELAY: 'off' } });
  const other = await scene.startInstance({ environment: { OUTBOX_RELAY: 'off' } });
  // While the only relay sleeps: both transactions are committed before an event leaves.
  await whileStopped(scene.stage.bank.transactions, async () => {
    const first = await orderAndStop(scene, { at: one, accounts, step: 'outbox.unit.committing' });
    let answered = false;
    const second = scene.order(other, accounts).then(() => (answered = true));
    await until('the second transaction to wait, or to have ended', WITHIN_MS, async () => {
      return answered || (await lockWaits(scene.databases.transactions)) > 0 ? true : undefined;
    });
    await one.wake();
    await Promise.all([first.answer, second]);
  });
  return scene.findings(accounts);
}

async function twoRelays(scene: Scene): Promise<Finding[]> {
  const awake = scene.stage.bank.transactions;
  const accounts = await scene.stage.openAccounts();
  const sleeper = await scene.startInstance({ environment: { OUTBOX_LEASE_MS: String(SLEEPER_LEASE_MS) } });
  await awake.report(true);
  const mark = awake.steps.end;
  const first = await whileStopped(awake, () =>
    orderAndStop(scene, { at: sleeper, accounts, step: 'outbox.relay.publishing' }),
  );
  await scene.order(awake, accounts);
  await awake.waitForStep({ step: 'outbox.relay.acked', match: { sequence: 2 } }, WITHIN_MS, mark);
  await sleeper.wake();
  await first.answer;
  return scene.findings(accounts);
}

async function overslept(scene: Scene): Promise<Finding[]> {
  const sleeper = scene.stage.bank.transactions;
  const accounts = await scene.stage.openAccounts();
  const holder = await scene.startInstance({ environment: { OUTBOX_LEASE_MS: String(HOLDER_LEASE_MS) } });
  await Promise.all([sleeper.report(true), holder.report(true)]);
  const first = await whileStopped(holder, () =>
    orderAndStop(scene, { at: sleeper, accounts, step: 'outbox.relay.settling' }),
  );
  await holder.waitForStep({ step: 'outbox.relay.settled', match: { sequence: 1 } }, WITHIN_MS);
  const second = await orderAndStop(scene, { at: holder, accounts, step: 'outbox.relay.publishing' });
  const mark = sleeper.steps.end;
  await sleeper.wake();
  await until('the sleeper to be fenced off, or to publish what it does not hold', WITHIN_MS, () =>
    sleeper.steps
      .since(mark)
      .find(({ step, detail }) => step === 'outbox.relay.fenced' || isAckOfSecond(step, detail)),
  );
  await holder.wake();
  await Promise.all([first.answer, second.answer]);
  return [...(await scene.findings(accounts)), ...(await miscounted(scene))];
}

/** Keeps an instance from taking what is meant for the other one. */
async function whileStopped<Result>(instance: Service, work: () => Promise<Result>): Promise<Result> {
  instance.kill('SIGSTOP');
  try {
    return await work();
  } finally {
    instance.kill('SIGCONT');
  }
}

function isAckOfSecond(step: string, detail: Readonly<Record<string, unknown>>): boolean {
  return step === 'outbox.relay.acked' && detail['sequence'] === 2;
}

/** Which promises a count cannot keep: an event must not be published more often than its outbox says. */
async function miscounted({ stage, databases }: Scene): Promise<Finding[]> {
  const counted = await readRows<{ id: string; attempts: number }>(databases.transactions, ATTEMPTS);
  const stored = [...(await readChannel(stage.broker, REQUESTED, WITHIN_MS)).values()];
  return counted.flatMap(({ id, attempts }) => {
    const published = stored.filter((text) => (JSON.parse(text) as { id: string }).id === id).length;
    if (published <= attempts) return [];
    return [
      { kind: 'miscounted', text: `event ${id} was published ${published} times, and counted ${attempts}` },
    ];
  });
}

interface StoppedOrder {
  readonly at: Service;
  readonly accounts: CellAccounts;
  readonly step: string;
}

/** Sends an order whose instance is stopped at a step of it. @returns what it is answered when the instance is awake */
async function orderAndStop(
  scene: Scene,
  { at, accounts, step }: StoppedOrder,
): Promise<{ readonly answer: Promise<Answer> }> {
  const { length } = at.steps.strikes;
  await at.arm({ step, match: { channel: REQUESTED }, signal: 'SIGSTOP' });
  const answer = scene.order(at, accounts);
  answer.catch(() => undefined); // whoever awaits it gets it
  await at.waitForStrike(length + 1, WITHIN_MS);
  return { answer };
}
