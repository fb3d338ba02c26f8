import { setTimeout as delay } from 'node:timers/promises';
import type { StepOrder } from '../../agent/agent-protocol.js';
import type { ServiceName } from '../../parts/bank.js';
import { withoutRelay, type Fault, type Point } from '../point.js';
import { ACK_WAIT_MS, LEASE_MS, type CellStage } from '../cell-stage.js';
import { POSTED, REQUESTED } from './places.js';

/** Longer than what a sleeping process is to miss. */
const SLEEP_MARGIN_MS = 700;

/** The steps of the programs, in the order in which a transfer reaches them. */
export const PROGRAM_POINTS: readonly Point[] = [
  killed('request-received', 'transactions', 'http.server.request.start', {
    title: 'killed when the request has come',
  }),
  killed('transaction-begun', 'transactions', 'outbox.unit.begun', {
    title: 'killed in a transaction that has written nothing',
  }),
  killed('transfer-inserted', 'transactions', 'outbox.unit.worked', {
    title: 'killed after the transfer’s insert',
  }),
  killed('before-commit', 'transactions', 'outbox.unit.committing', {
    title: 'killed before COMMIT, after all that comes before it (the outbox’s insert; a publish)',
  }),
  killed('committed', 'transactions', 'outbox.unit.committed', {
    title: 'killed after COMMIT, before anything else',
    doubt: 'answers-lost',
  }),
  killed('publish-called', 'transactions', 'nats.publish.called', {
    title: 'killed when the client has the message, and nothing has left',
    match: { channel: REQUESTED },
    doubt: 'answers-lost',
  }),
  killed('publish-sent', 'transactions', 'nats.publish.sent', {
    title: 'killed when the publish has left, before its acknowledgement',
    match: { channel: REQUESTED },
    doubt: 'answers-lost',
  }),
  killed('publish-acked', 'transactions', 'nats.publish.acked', {
    title: 'killed when the publish is acknowledged, before the answer',
    match: { channel: REQUESTED },
    doubt: 'answers-lost',
  }),
  relayKilled('relay-claimed', 'outbox.relay.claimed', 'relay killed with a batch that it has claimed'),
  relayKilled('relay-acked', 'outbox.relay.acked', 'relay killed when the message is acknowledged'),
  relayKilled('relay-settling', 'outbox.relay.settling', 'relay killed before it settles'),
  relayKilled('relay-settled', 'outbox.relay.settled', 'relay killed when it has settled'),
  {
    name: 'lease-run-out',
    kind: 'program',
    title: 'relay asleep before its publish for longer than its lease',
    unreachable: withoutRelay,
    ...asleep('transactions', { step: 'outbox.relay.publishing' }, LEASE_MS + SLEEP_MARGIN_MS),
    doubt: 'answers-lost',
  },
  killed('message-received', 'accounts', 'nats.message.received', {
    title: 'consumer killed when the message has come',
    match: { channel: REQUESTED },
  }),
  killed('inbox-recorded', 'accounts', 'inbox.recorded', {
    title: 'consumer killed when the inbox has recorded it',
  }),
  killed('money-moved', 'accounts', 'outbox.unit.worked', {
    title: 'consumer killed when the money is moved',
  }),
  killed('consumer-before-commit', 'accounts', 'outbox.unit.committing', {
    title: 'consumer killed before COMMIT, after all that comes before it',
  }),
  killed('consumer-committed', 'accounts', 'outbox.unit.committed', {
    title: 'consumer killed after COMMIT, before anything else',
  }),
  killed('before-acknowledging', 'accounts', 'nats.message.processed', {
    title: 'consumer killed before it acknowledges the message',
    match: { channel: REQUESTED },
  }),
  {
    name: 'ack-wait-exceeded',
    kind: 'program',
    title: 'consumer asleep in its transaction for longer than the broker waits',
    ...asleep('accounts', { step: 'outbox.unit.begun' }, ACK_WAIT_MS + SLEEP_MARGIN_MS),
  },
  killed('outcome-sent', 'accounts', 'nats.publish.sent', {
    title: 'consumer killed when its answer has left, before the acknowledgement',
    match: { channel: POSTED },
  }),
  killed('outcome-received', 'transactions', 'nats.message.received', {
    title: 'killed when the outcome has come',
    match: { channel: POSTED },
    doubt: 'answers-lost',
  }),
  killed('outcome-recorded', 'transactions', 'nats.message.processed', {
    title: 'killed when the outcome is recorded, before it is acknowledged',
    match: { channel: POSTED },
    doubt: 'answers-lost',
  }),
];

type Details = Omit<Point, 'name' | 'kind' | 'prepare'> & Pick<StepOrder, 'match'>;

function killed(name: string, service: ServiceName, step: string, { match, ...details }: Details): Point {
  return {
    name,
    kind: 'program',
    ...details,
    prepare: (stage) => kill(stage, service, { step, signal: 'SIGKILL', ...(match && { match }) }),
  };
}

/** The relay of the transfer's own service, which runs in the service's process. */
function relayKilled(name: string, step: string, title: string): Point {
  return killed(name, 'transactions', step, { title, unreachable: withoutRelay, doubt: 'answers-lost' });
}

async function kill(stage: CellStage, service: ServiceName, order: StepOrder): Promise<Fault> {
  const victim = stage.bank[service];
  const ends = victim.exits.length;
  await victim.arm(order);
  return { hasStruck: () => victim.exits.length > ends };
}

/** The process stops at a step, and wakes when it has missed something. */
function asleep(
  service: ServiceName,
  order: Omit<StepOrder, 'signal'>,
  sleepMs: number,
): Pick<Point, 'prepare' | 'during'> {
  return {
    prepare: async (stage) => {
      const { steps } = stage.bank[service];
      const strikes = steps.strikes.length;
      await stage.bank[service].arm({ ...order, signal: 'SIGSTOP' });
      return { hasStruck: () => steps.strikes.length > strikes };
    },
    during: async (stage) => {
      await delay(sleepMs);
      await stage.bank[service].wake();
    },
  };
}
