import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PublishRefusedError, type CloudEvent, type PublishAck } from '@app/nats';
import { eventually, FakeMessageBus } from '@app/nats/testing';
import { Logger } from '@nestjs/common';
import { Gate } from '../../testing/gate.js';
import { noteWritten, textsOf } from '../../testing/notes.js';
import { OutboxFixture } from '../../testing/outbox-fixture.js';
import type { Relay } from './relay.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(30_000);

let fixture: OutboxFixture;
const started: Relay[] = [];

beforeAll(async () => {
  fixture = await OutboxFixture.create();
});
beforeEach(() => {
  for (const level of ['log', 'warn', 'error'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
  }
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((relay) => relay.stop()));
  await fixture.clear();
  jest.restoreAllMocks();
});
afterAll(() => fixture.drop());

function start(...relays: Relay[]): void {
  started.push(...relays);
  for (const relay of relays) relay.start();
}

const allSent = async () => (await fixture.unsent()) === 0;
const sent = (bus: FakeMessageBus) => textsOf(bus.published.map(({ payload }) => payload));
const idsOf = (bus: FakeMessageBus) =>
  bus.published.map(({ payload }) => (JSON.parse(payload) as CloudEvent).id);

/** Holds every publish until the gate opens. */
class GatedBus extends FakeMessageBus {
  constructor(private readonly gate: Gate) {
    super();
  }

  override async publish(channel: string, payload: string): Promise<PublishAck> {
    const ack = await super.publish(channel, payload);
    await this.gate.opened;
    return ack;
  }
}

/** Takes its time over each publish, and sees whether two of one key are under way at once. */
class SlowBus extends FakeMessageBus {
  overlaps = 0;
  private readonly inFlight = new Set<string>();

  override async publish(channel: string, payload: string): Promise<PublishAck> {
    const { partitionkey } = JSON.parse(payload) as CloudEvent;
    if (this.inFlight.has(partitionkey)) this.overlaps++;
    this.inFlight.add(partitionkey);
    for (let turn = 0; turn < Math.random() * 5; turn++) await new Promise(setImmediate);
    const ack = await super.publish(channel, payload);
    this.inFlight.delete(partitionkey);
    return ack;
  }
}

/** Refuses the messages with one of these texts. */
class PickyBus extends FakeMessageBus {
  readonly refuses = new Set<string>();

  override async publish(channel: string, payload: string): Promise<PublishAck> {
    const ack = await super.publish(channel, payload);
    if (this.refuses.has(textsOf([payload])[0] ?? '')) throw new PublishRefusedError(channel, 'too large');
    return ack;
  }
}

describe('two relays at once', () => {
  it('publish each event once, and those of a key in order, while transactions go on', async () => {
    const bus = new SlowBus();
    const options = { lanesMax: 3, runMax: 4, pollFirstMs: 5, pollLongestMs: 5 };
    start(
      ...[fixture.relay(bus, options), fixture.relay(bus, { ...options, dataSource: await fixture.open() })],
    );
    const books = Array.from({ length: 12 }, (_, n) => `book ${n}`);
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        books.map((book, n) => fixture.emit(noteWritten(book), noteWritten(books[(n + 1) % books.length]!))),
      );
    }
    await eventually('everything is sent', allSent);

    const rows = await fixture.messages();
    expect(rows).toHaveLength(120);
    expect(idsOf(bus).toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
    for (const book of books) {
      const sequences = bus.published
        .map(({ payload }) => JSON.parse(payload) as CloudEvent)
        .filter(({ partitionkey }) => partitionkey === book)
        .map(({ sequence }) => Number(sequence));
      expect(sequences).toEqual(sequences.map((_, index) => index + 1));
    }
    expect(bus.overlaps).toBe(0);
    expect(rows.every(({ attempts }) => attempts === 1)).toBe(true);
    await eventually(
      'no lane is left',
      async () => (await fixture.count('select count(*) from outbox_lane')) === 0,
    );
    expect(await fixture.count('select count(*) from outbox_key where queued_after is not null')).toBe(0);
    expect(await fixture.count('select count(*) from outbox_lease')).toBe(0);
  });

  it('a claim takes no more lanes than it may', async () => {
    await fixture.emit(...Array.from({ length: 10 }, (_, n) => noteWritten(`book ${n}`)));
    const relay = fixture.relay(new FakeMessageBus(), { lanesMax: 3 });
    expect(await relay.deliverBatch()).toEqual({ sent: 3, failed: 0 });
    expect(await relay.deliverBatch()).toEqual({ sent: 3, failed: 0 });
  });

  it('a claim takes no more messages of a key than it may, and takes the next ones later', async () => {
    await fixture.emit(...['1', '2', '3', '4', '5'].map((text) => noteWritten('a', text)));
    const bus = new FakeMessageBus();
    const relay = fixture.relay(bus, { runMax: 2 });
    const counts: number[] = [];
    for (let batch = 0; batch < 4; batch++) counts.push((await relay.deliverBatch()).sent);
    expect(counts).toEqual([2, 2, 1, 0]);
    expect(sent(bus)).toEqual(['1', '2', '3', '4', '5']);
  });
});

describe('a relay that dies', () => {
  it('a crash between publish and settle repeats the event under the same id, and counts both attempts', async () => {
    const event = noteWritten('a');
    await fixture.emit(event);
    const doomed = await fixture.open();
    const bus = new FakeMessageBus();
    const crash = jest.spyOn(bus, 'publish').mockImplementationOnce(async (channel, payload) => {
      bus.published.push({ channel, payload });
      await doomed.destroy();
      return { guid: 'stored' };
    });
    await expect(fixture.relay(bus, { leaseMs: 100, dataSource: doomed }).deliverBatch()).rejects.toThrow();
    expect(crash).toHaveBeenCalledTimes(1);
    expect(await fixture.unsent()).toBe(1);

    const successor = fixture.relay(bus);
    await eventually('the lease has run out', async () => {
      await successor.recover();
      return (await successor.deliverBatch()).sent === 1;
    });
    expect(idsOf(bus)).toEqual([event.id, event.id]);
    expect(await fixture.messages()).toMatchObject([{ state: 'settled', attempts: 2 }]);
  });

  it('settling is fenced: a relay that wakes after its lease changes nothing, and does not free the lane', async () => {
    await fixture.emit(noteWritten('a', '1'), noteWritten('a', '2'));
    const [zombieGate, gate] = [new Gate(), new Gate()];
    const fenced = jest.fn();
    subscribe('outbox.relay.fenced', fenced);
    const zombieBus = new GatedBus(zombieGate);
    const zombie = fixture.relay(zombieBus, { leaseMs: 50 }).deliverBatch();
    await eventually('the zombie publishes', () => zombieBus.published.length === 1);

    const bus = new GatedBus(gate);
    const successor = fixture.relay(bus);
    const claimed: Promise<unknown>[] = [];
    await eventually('the successor publishes', async () => {
      await successor.recover();
      claimed.push(successor.deliverBatch());
      await new Promise((resolve) => setTimeout(resolve, 20));
      return bus.published.length > 0;
    });
    const lanes = () => fixture.dataSource.query<object[]>('select * from outbox_lane');
    const before = await lanes();
    zombieGate.open();
    await zombie;
    unsubscribe('outbox.relay.fenced', fenced);

    expect(fenced).toHaveBeenCalledTimes(1);
    expect(await lanes()).toEqual(before);
    expect(await fixture.unsent()).toBe(2);
    // Beyond its lease it published nothing more of the key, either.
    expect(sent(zombieBus)).toEqual(['1']);

    gate.open();
    await Promise.all(claimed);
    while ((await successor.deliverBatch()).sent > 0);
    expect(await fixture.unsent()).toBe(0);
    expect(sent(bus)).toEqual(['1', '2']);
  });
});

describe('a publish that was not acknowledged', () => {
  it.each([
    ['refuse', 1, 'due_at'],
    ['answer-unknown', 0, 'due_at'],
    ['not-connected', 0, 'ready_xid'],
  ] as const)(
    'after %s it is charged %i, kept, and sent later under the same id',
    async (answer, charged, where) => {
      const [first, second] = [noteWritten('a', '1'), noteWritten('a', '2')];
      await fixture.emit(first, second);
      const bus = new FakeMessageBus();
      const relay = fixture.relay(bus, { retryFirstMs: 1, retryLongestMs: 1 });
      bus.answerWith(answer);
      expect(await relay.deliverBatch()).toEqual({ sent: 0, failed: 1 });
      expect(await fixture.messages()).toMatchObject([{ state: 'pending' }, { state: 'pending' }]);
      expect(
        await fixture.dataSource.query(`select failures, ${where} is not null as there from outbox_lane`),
      ).toEqual([{ failures: charged, there: true }]);
      expect(idsOf(bus)).toEqual([first.id]);

      bus.answerWith('acknowledge');
      await eventually('both are sent', async () => {
        await relay.recover();
        return (await relay.deliverBatch()).sent === 2;
      });
      expect(idsOf(bus)).toEqual([first.id, first.id, second.id]);
      expect(await fixture.messages()).toMatchObject([
        { state: 'settled', attempts: answer === 'not-connected' ? 1 : 2 },
        { state: 'settled', attempts: 1 },
      ]);
    },
  );

  it('of one key does not hold up another key', async () => {
    await fixture.emit(noteWritten('bad', 'bad'), noteWritten('good', 'good'));
    const bus = new PickyBus();
    bus.refuses.add('bad');
    expect(await fixture.relay(bus).deliverBatch()).toEqual({ sent: 1, failed: 1 });
    expect(await fixture.messages()).toMatchObject([
      { key: 'bad', state: 'pending', attempts: 1 },
      { key: 'good', state: 'settled' },
    ]);
  });

  it('rests before it is tried again', async () => {
    await fixture.emit(noteWritten('a'));
    const bus = new FakeMessageBus();
    bus.answerWith('refuse');
    const relay = fixture.relay(bus, { retryFirstMs: 60_000, retryLongestMs: 60_000 });
    await relay.deliverBatch();
    await relay.recover();
    expect(await relay.deliverBatch()).toEqual({ sent: 0, failed: 0 });
    expect(bus.published).toHaveLength(1);
  });
});

describe('a message that always fails', () => {
  const failing = async (whenPoisoned: 'block' | 'park' | 'skip') => {
    await fixture.emit(...['1', 'poison', '3'].map((text) => noteWritten('a', text)));
    const bus = new PickyBus();
    bus.refuses.add('poison');
    const types = { 'note.written': { whenPoisoned } };
    start(
      fixture.relay(bus, { types, failuresMax: 3, retryFirstMs: 1, retryLongestMs: 2, pollLongestMs: 5 }),
    );
    await eventually(
      'it is given up',
      async () => (await fixture.count('select count(*) from outbox_parked')) === 1,
    );
    return bus;
  };

  it('blocks its key, if so configured', async () => {
    const bus = await failing('block');
    expect(sent(bus)).toEqual(['1', 'poison', 'poison', 'poison']);
    const [parked] = await fixture.dataSource.query<object[]>('select * from outbox_parked');
    expect(parked).toMatchObject({ key: 'a', sequence: '2', attempts: 3, failures: 3, policy: 'block' });
    expect(await fixture.count('select count(*) from outbox_lane where blocked_at is not null')).toBe(1);
    expect((await fixture.messages()).map(({ state }) => state)).toEqual(['settled', 'parked', 'pending']);
  });

  it.each(['park', 'skip'] as const)('with %s the later ones of its key go on', async (policy) => {
    const bus = await failing(policy);
    await eventually('the third is sent', () => sent(bus).includes('3'));
    expect(sent(bus)).toEqual(['1', 'poison', 'poison', 'poison', '3']);
    await eventually(
      'no lane is left',
      async () => (await fixture.count('select count(*) from outbox_lane')) === 0,
    );
  });
});

describe('an event that need not be in order', () => {
  it('is a lane of its own, and leaves no counter behind', async () => {
    const events = ['1', '2', '3'].map((text) => ({
      event: noteWritten('a', text),
      key: 'a',
      ordered: false,
    }));
    await fixture.emit(...events);
    const bus = new PickyBus();
    bus.refuses.add('2');
    expect(await fixture.relay(bus).deliverBatch()).toEqual({ sent: 2, failed: 1 });
    expect(bus.published.some(({ payload }) => payload.includes('"sequence"'))).toBe(false);
    expect(await fixture.count('select count(*) from outbox_key')).toBe(0);
    expect(await fixture.count('select count(*) from outbox_lane')).toBe(1);
  });
});

describe('an event that is not to leave yet', () => {
  it('waits for its time by the clock of the database, and holds back the later ones of its key', async () => {
    const notBefore = new Date(Date.now() + 400);
    await fixture.emit(noteWritten('a', '1'), {
      event: noteWritten('a', '2'),
      key: 'a',
      ordered: true,
      notBefore,
    });
    await fixture.emit(noteWritten('a', '3'), noteWritten('b', 'b'));
    await fixture.emit({ event: noteWritten('c', 'c'), key: 'c', ordered: true, notBefore });
    const bus = new FakeMessageBus();
    start(fixture.relay(bus));
    await eventually('what may leave is sent', () => bus.published.length === 2);
    expect(sent(bus).toSorted()).toEqual(['1', 'b']);
    await eventually('the rest', () => bus.published.length === 5);
    expect(Date.now()).toBeGreaterThanOrEqual(notBefore.getTime());
    expect(sent(bus).filter((text) => '123'.includes(text))).toEqual(['1', '2', '3']);
  });
});

describe('while the bus is not ready', () => {
  it('nothing is claimed and no attempt is counted; the moment it is ready, everything goes', async () => {
    const bus = new FakeMessageBus();
    bus.answerWith('not-connected');
    const looks = jest.spyOn(bus, 'ready', 'get');
    await fixture.emit(noteWritten('a'), noteWritten('b'));
    start(fixture.relay(bus, { pollLongestMs: 1 }));
    await eventually('the relay has looked three times', () => looks.mock.calls.length >= 3);
    expect(await fixture.messages()).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
    expect(await fixture.count('select count(*) from outbox_lease')).toBe(0);

    bus.answerWith('acknowledge');
    await eventually('both are sent', allSent);
    expect((await fixture.messages()).map(({ attempts }) => attempts)).toEqual([1, 1]);
  });
});
