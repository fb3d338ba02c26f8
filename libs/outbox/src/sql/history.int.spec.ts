import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PublishRefusedError, PublishUnknownError, type CloudEvent, type PublishAck } from '@app/nats';
import { eventually, FakeMessageBus, RecordedLog } from '@app/nats/testing';
import { noteWritten } from '../../testing/notes.js';
import { OutboxFixture } from '../../testing/outbox-fixture.js';
import { firstNumbers, sequencesByKey } from '../../testing/sequences.js';
import { seededRandom } from '../../testing/seeded-random.js';
import type { EmittedEvent } from '../emitted-event.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(90_000);

const SEED = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const RELAYS = 4;
const WRITERS = 8;
const TRANSACTIONS_PER_WRITER = 25;
const BOOKS = 10;

let fixture: OutboxFixture;
let random: () => number;

beforeAll(async () => {
  RecordedLog.start();
  fixture = await OutboxFixture.create();
});
beforeEach(() => {
  random = seededRandom(SEED);
});
afterAll(() => fixture.drop());

const upTo = (count: number) => Math.floor(random() * count);

/** A broker that takes a while, refuses some, and of some does not tell that it has them. */
class FickleBroker extends FakeMessageBus {
  /** What it has stored, in order, repeats included. */
  readonly stored: CloudEvent[] = [];
  faults = 0;

  override async publish(channel: string, payload: string): Promise<PublishAck> {
    for (let turns = upTo(6); turns > 0; turns--) await new Promise(setImmediate);
    const fault = upTo(20);
    if (fault <= 1) this.faults++;
    if (fault === 0) throw new PublishRefusedError(channel, 'by chance');
    this.stored.push(JSON.parse(payload) as CloudEvent);
    if (fault === 1) throw new PublishUnknownError(channel, 'by chance');
    return { guid: String(this.stored.length) };
  }
}

function anyEvent(): EmittedEvent {
  const key = `book ${upTo(BOOKS)}`;
  const later = upTo(15) === 0 ? { notBefore: new Date(Date.now() + upTo(50)) } : {};
  return { event: noteWritten(key), key, ordered: upTo(8) > 0, ...later };
}

/** @returns what it has committed */
async function write(): Promise<EmittedEvent[]> {
  const committed: EmittedEvent[] = [];
  for (let transaction = 0; transaction < TRANSACTIONS_PER_WRITER; transaction++) {
    const events = Array.from({ length: 1 + upTo(4) }, anyEvent);
    const [pauseMs, fails] = [upTo(8), upTo(6) === 0];
    const running = fixture.dataSource.transaction(async (manager) => {
      await fixture.store(manager, ...events);
      await manager.query('select pg_sleep($1)', [pauseMs / 1_000]);
      if (fails) throw new Error('rolled back');
    });
    await running.then(
      () => committed.push(...events),
      (error: Error) => expect(error.message).toBe('rolled back'),
    );
  }
  return committed;
}

describe(`a random history of ${WRITERS} writers and ${RELAYS} relays (TEST_SEED=${SEED})`, () => {
  it('loses nothing, has no gap, publishes first in order, and leaves nothing behind', async () => {
    const broker = new FickleBroker();
    const pace = { lanesMax: 4, runMax: 3, pollFirstMs: 5, pollLongestMs: 10, recoverMs: 20, lingerMs: 1 };
    const options = { ...pace, retryFirstMs: 2, retryLongestMs: 10, failuresMax: 1_000 };
    const pools = await Promise.all(Array.from({ length: RELAYS }, () => fixture.open()));
    const relays = pools.map((dataSource) => fixture.relay(broker, { ...options, dataSource }));
    for (const relay of relays) relay.start();
    let committed: EmittedEvent[];
    try {
      committed = (await Promise.all(Array.from({ length: WRITERS }, write))).flat();
      const lanes = () => fixture.count('select count(*) from outbox_lane');
      await eventually('no lane is left', async () => (await lanes()) === 0, 60_000);
    } finally {
      await Promise.all(relays.map((relay) => relay.stop()));
    }

    const first = new Map<string, CloudEvent>();
    for (const event of broker.stored) if (!first.has(event.id)) first.set(event.id, event);
    expect([...first.keys()].toSorted()).toEqual(committed.map(({ event }) => event.id).toSorted());
    const sequences = [...sequencesByKey(first.values()).values()];
    for (const ofKey of sequences) expect(ofKey).toEqual(firstNumbers(ofKey.length));
    expect(sequences.flat()).toHaveLength(committed.filter(({ ordered }) => ordered).length);

    // Every attempt is counted; one that came to nothing may be, too.
    for (const { id, attempts } of await fixture.messages()) {
      expect(attempts).toBeGreaterThanOrEqual(broker.stored.filter((event) => event.id === id).length);
    }
    expect(await fixture.count('select count(*) from outbox_lease')).toBe(0);
    expect(await fixture.count('select count(*) from outbox_key where queued_after is not null')).toBe(0);
    expect(await fixture.count('select count(*) from outbox_parked')).toBe(0);
    // It was no fair weather.
    expect(broker.faults).toBeGreaterThan(0);
    expect(broker.stored.length).toBeGreaterThan(committed.length);
  });
});
