import { beforeEach, describe, expect, it } from '@jest/globals';
import { SimulatedProcess } from '../world/simulated-process.js';
import type { Fate } from '../world/strikes.js';
import { World, type Weather } from '../world/world.js';
import { Broker, type Refusal, type Registration } from './broker.js';
import type { StoredMessage } from './queue-group.js';
import type { Member } from './queue-group.js';

const WEATHER: Weather = { wayMicros: [100, 100], slowPercent: 0, slowMicros: 0 };
const ACK_WAIT_MS = 1_000;
const CHANNEL = 'transfer.requested';

let world: World;
let broker: Broker;
/** What becomes of the next messages, by point. */
let fates: Record<string, Fate[]>;

beforeEach(() => {
  world = new World({ seed: 1, weather: WEATHER });
  fates = {};
  broker = new Broker({ world, strikes: { strike: (point) => fates[point]?.shift() } });
});

const pass = (ms: number) => {
  const until = world.elapsedMs + ms;
  world.after(ms * 1_000, 'time passes', () => undefined);
  return world.runUntil(() => world.elapsedMs >= until, until + 1);
};

function clientNamed(clientId: string, answers = true): Registration {
  return { clientId, owner: new SimulatedProcess(clientId), answers: () => answers, members: [] };
}

function registered(clientId: string): Registration {
  const client = clientNamed(clientId);
  broker.register(client, () => undefined);
  return client;
}

/** A subscriber, and what it was sent. */
function subscriber(clientId: string, { maxInFlight = 10 } = {}) {
  const client = registered(clientId);
  const received: string[] = [];
  const deliver = ({ payload }: StoredMessage, again: boolean) =>
    void received.push(again ? `${payload} again` : payload);
  const settings = { maxInFlight, ackWaitMs: ACK_WAIT_MS, deliver };
  const member = broker.subscribe(client, CHANNEL, 'ledger', settings) as Member;
  return {
    client,
    member,
    received,
    acknowledge: (sequence: number) => broker.acknowledge(member, sequence),
  };
}

function publish(...payloads: string[]): Refusal[] {
  const client = broker.knows(publisher) ? publisher : (publisher = registered('publisher'));
  const answers: Refusal[] = [];
  for (const payload of payloads)
    broker.publish(client, CHANNEL, payload, (refusal) => answers.push(refusal));
  return answers;
}
let publisher = clientNamed('nobody');

describe('the seeded broker', () => {
  it('acknowledges what it has stored, and delivers it in its order, once, to one member of the group', async () => {
    const [one, other] = [subscriber('one'), subscriber('other')];
    expect(publish('1', '2', '3', '4')).toEqual([undefined, undefined, undefined, undefined]);
    expect([...one.received, ...other.received].sort()).toEqual(['1', '2', '3', '4']);
    expect([one.received.length, other.received.length]).toEqual([2, 2]);
    await pass(ACK_WAIT_MS / 2);
    expect([...one.received, ...other.received]).toHaveLength(4);
  });

  it('delivers again what was not acknowledged in time, until it is', async () => {
    const { received, acknowledge } = subscriber('one');
    publish('1', '2');
    acknowledge(1);
    await pass(ACK_WAIT_MS + 1);
    expect(received).toEqual(['1', '2', '2 again']);
    await pass(ACK_WAIT_MS + 1);
    expect(received).toEqual(['1', '2', '2 again', '2 again']);
    acknowledge(2);
    await pass(3 * ACK_WAIT_MS);
    expect(received).toHaveLength(4);
    expect(broker.drained).toBe(true);
  });

  it('sends no more than a member wants in flight, and the next when one is acknowledged', () => {
    const { received, acknowledge } = subscriber('one', { maxInFlight: 2 });
    publish('1', '2', '3', '4');
    expect(received).toEqual(['1', '2']);
    acknowledge(2);
    expect(received).toEqual(['1', '2', '3']);
    expect([...broker.unacknowledged()].map(({ payload }) => payload)).toEqual(['1', '3', '4']);
  });

  it('gives what a member has left to another one, and keeps it for the next where there is none', async () => {
    const [one, other] = [subscriber('one'), subscriber('other')];
    publish('1', '2');
    broker.close(one.client);
    await pass(ACK_WAIT_MS / 2);
    expect(other.received).toEqual(['2', '1 again']);
    broker.close(other.client);
    publish('3');
    const next = subscriber('next');
    await pass(ACK_WAIT_MS / 2);
    expect(next.received.sort()).toEqual(['1 again', '2 again', '3']);
  });

  it('knows the position of its group through a crash that keeps its store', async () => {
    const { received, acknowledge } = subscriber('one');
    publish('1', '2');
    acknowledge(1);
    broker.crash({ keepsStore: true });
    await pass(3 * ACK_WAIT_MS);
    expect(received).toEqual(['1', '2']);
    broker.restart();
    await pass(ACK_WAIT_MS + 1);
    expect(received).toEqual(['1', '2', '2 again']);
    expect(broker.forgotten.size).toBe(0);
  });

  it('knows nothing and nobody after a crash without its store, and says so', () => {
    const { client, received } = subscriber('one');
    publish('1', '2');
    broker.crash({ keepsStore: false });
    broker.restart();
    expect([...broker.forgotten].map(({ payload }) => payload)).toEqual(['1', '2']);
    expect(broker.knows(client)).toBe(false);
    const refusals: Refusal[] = [];
    broker.publish(client, CHANNEL, '3', (refusal) => refusals.push(refusal));
    expect(refusals).toEqual(['stan: invalid publish request']);
    publish('4');
    expect(received).toEqual(['1', '2']);
    expect(subscriber('two').received).toEqual(['4']);
  });

  it('is silent while it is down', () => {
    const { received } = subscriber('one');
    publish('1');
    broker.crash({ keepsStore: true });
    expect(publish('2')).toEqual([]);
    expect(received).toEqual(['1']);
    expect(broker.accepts(broker.cableOf('one'))).toBe(false);
  });

  it('loses, repeats, refuses and delays a publish where a fault says so', async () => {
    const { received } = subscriber('one');
    fates = { 'broker.publish': ['lost', 'reply lost', 'refused', 'twice', 'late'] };
    const answers = publish('lost', 'reply lost', 'refused', 'twice', 'late', 'plain');
    expect(answers).toEqual(['stan: the channel is full', undefined, undefined]);
    expect(received).toEqual(['reply lost', 'twice', 'twice', 'plain']);
    await pass(8_001);
    expect(received.filter((payload) => payload === 'late')).toEqual(['late']);
  });

  it('loses, repeats and delays a delivery where a fault says so, and loses an acknowledgement', async () => {
    const { received, acknowledge } = subscriber('one');
    fates = { 'broker.delivery': ['lost', 'twice'], 'broker.acknowledgement': ['lost'] };
    publish('1', '2');
    expect(received).toEqual(['2', '2']);
    acknowledge(2);
    await pass(ACK_WAIT_MS + 1);
    expect(received).toEqual(['2', '2', '1 again', '2 again']);
  });

  it('refuses a client id whose owner answers, and takes it from one that does not', async () => {
    const answers: Refusal[] = [];
    const [alive, mute] = [clientNamed('alive'), clientNamed('mute', false)];
    for (const client of [alive, mute]) broker.register(client, () => undefined);
    for (const { clientId } of [alive, mute])
      broker.register(clientNamed(clientId), (word) => answers.push(word));
    expect(answers).toEqual([]);
    await pass(501);
    expect(answers).toEqual(['stan: clientID already registered', undefined]);
    expect([broker.knows(alive), broker.knows(mute)]).toEqual([true, false]);
  });
});
