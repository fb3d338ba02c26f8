import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { CloudEvent, PublishAck } from '@app/nats';
import { eventually, FakeMessageBus } from '@app/nats/testing';
import { Logger } from '@nestjs/common';
import { Gate } from '../testing/gate.js';
import { noteWritten, notes, textsOf, type Notes } from '../testing/notes.js';
import { OutboxFixture } from '../testing/outbox-fixture.js';
import { Inbox } from './inbox.js';
import type { Relay } from './relay.js';
import type { Transaction } from './unit-of-work.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(30_000);

let fixture: OutboxFixture;
const started: Relay[] = [];

beforeAll(async () => {
  fixture = await OutboxFixture.create();
});
beforeEach(() => {
  jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((relay) => relay.stop()));
  await fixture.clear();
});
afterAll(() => fixture.drop());

function start(...relays: Relay[]): void {
  started.push(...relays);
  for (const relay of relays) relay.start();
}

const allSent = async () => (await fixture.unsent()) === 0;
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

describe('two relays at once', () => {
  it('publish each event once, and those of a key in order, while transactions go on', async () => {
    const bus = new SlowBus();
    const options = { keysMax: 3, runMax: 4, pollMs: 5 };
    const relays = [0, 1].map(async () => fixture.relay(bus, options, await fixture.open()));
    start(...(await Promise.all(relays)));
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
  });

  it('a claim takes no more keys than it may', async () => {
    await fixture.emit(...Array.from({ length: 10 }, (_, n) => noteWritten(`book ${n}`)));
    const relay = fixture.relay(new FakeMessageBus(), { keysMax: 3 });
    expect(await relay.deliverBatch()).toEqual({ sent: 3, failed: 0 });
    expect(await relay.deliverBatch()).toEqual({ sent: 3, failed: 0 });
  });

  it('a claim takes no more messages of a key than it may, and takes the next ones later', async () => {
    await fixture.emit(...['1', '2', '3', '4', '5'].map((text) => noteWritten('a', text)));
    const bus = new FakeMessageBus();
    const relay = fixture.relay(bus, { runMax: 2 });
    const sent: number[] = [];
    for (let batch = 0; batch < 4; batch++) sent.push((await relay.deliverBatch()).sent);
    expect(sent).toEqual([2, 2, 1, 0]);
    expect(textsOf(bus.published.map(({ payload }) => payload))).toEqual(['1', '2', '3', '4', '5']);
  });
});

describe('a relay that dies', () => {
  it('a crash between publish and settle repeats the event under the same id, and the inbox swallows it', async () => {
    const event = noteWritten('a');
    await fixture.emit(event);
    const doomed = await fixture.open();
    const bus = new FakeMessageBus();
    const crash = jest.spyOn(bus, 'publish').mockImplementationOnce(async (channel, payload) => {
      bus.published.push({ channel, payload });
      await doomed.destroy();
      return { guid: 'stored' };
    });
    await expect(fixture.relay(bus, { leaseMs: 100 }, doomed).deliverBatch()).rejects.toThrow();
    expect(crash).toHaveBeenCalledTimes(1);
    expect(await fixture.unsent()).toBe(1);

    const successor = fixture.relay(bus);
    await eventually('the lease has run out', async () => (await successor.deliverBatch()).sent === 1);
    expect(idsOf(bus)).toEqual([event.id, event.id]);
    expect(await fixture.messages()).toMatchObject([{ sent: true, attempts: 2 }]);

    const inbox = new Inbox<Notes>(fixture.unitOfWork());
    const outcomes: string[] = [];
    for (const { payload } of bus.published) {
      const delivered = notes.decode('note.written', payload);
      const handle = async ({ manager }: Transaction<Notes>) => {
        await manager.query(`insert into note values ('x')`);
      };
      outcomes.push(await inbox.process(delivered, handle));
    }
    expect(outcomes).toEqual(['processed', 'repeated']);
    expect(await fixture.count('select repeats as count from inbox_message')).toBe(1);
    expect(await fixture.count('select count(*) from note')).toBe(1);
  });

  it('holds its keys until its lease has run out, and not longer', async () => {
    await fixture.emit(noteWritten('a'));
    const gate = new Gate();
    const hanging = fixture.relay(new GatedBus(gate), { leaseMs: 300 }).deliverBatch();
    await eventually(
      'the key is leased',
      async () =>
        (await fixture.count('select count(*) from outbox_key where lease_token is not null')) === 1,
    );
    const left = await fixture.count(
      'select extract(milliseconds from available_at - clock_timestamp()) as count from outbox_key',
    );
    const bus = new FakeMessageBus();
    const other = fixture.relay(bus);
    if (left > 50) expect((await other.deliverBatch()).sent).toBe(0);
    await eventually('the lease has run out', async () => (await other.deliverBatch()).sent === 1);
    gate.open();
    await hanging;
  });

  it('settling is fenced: a relay that wakes after its lease changes nothing, and does not free the key', async () => {
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
      if (bus.published.length > 0) return true;
      claimed.push(successor.deliverBatch());
      await Promise.race([claimed.at(-1), eventually('a publish', () => bus.published.length > 0)]);
      return bus.published.length > 0;
    });
    const keyRow = () => fixture.dataSource.query<object[]>('select * from outbox_key');
    const before = await keyRow();
    zombieGate.open();
    await zombie;
    unsubscribe('outbox.relay.fenced', fenced);

    expect(fenced).toHaveBeenCalledTimes(1);
    expect(await keyRow()).toEqual(before);
    expect(await fixture.unsent()).toBe(2);
    // Beyond its lease it published nothing more of the key, either.
    expect(textsOf(zombieBus.published.map(({ payload }) => payload))).toEqual(['1']);

    gate.open();
    await Promise.all(claimed);
    expect(await fixture.unsent()).toBe(0);
    expect(textsOf(bus.published.map(({ payload }) => payload))).toEqual(['1', '2']);
  });
});

describe('a publish that was not acknowledged', () => {
  it.each(['refuse', 'answer-unknown', 'not-connected'] as const)(
    'is not settled when the bus answers %s, and is sent later under the same id',
    async (answer) => {
      const [first, second] = [noteWritten('a', '1'), noteWritten('a', '2')];
      await fixture.emit(first, second);
      const bus = new FakeMessageBus();
      const relay = fixture.relay(bus, { retryFirstMs: 1, retryLongestMs: 1 });
      bus.answerWith(answer);
      expect(await relay.deliverBatch()).toEqual({ sent: 0, failed: 1 });
      expect(await fixture.messages()).toMatchObject([{ sent: false }, { sent: false }]);
      expect(idsOf(bus)).toEqual([first.id]);

      bus.answerWith('acknowledge');
      await eventually('both are sent', async () => (await relay.deliverBatch()).sent === 2);
      expect(idsOf(bus)).toEqual([first.id, first.id, second.id]);
      expect(await allSent()).toBe(true);
    },
  );

  it('of one key does not hold up another key', async () => {
    await fixture.emit(noteWritten('bad'), noteWritten('good'));
    const bus = new FakeMessageBus();
    const acknowledge = bus.publish.bind(bus);
    jest
      .spyOn(bus, 'publish')
      .mockImplementation((channel, payload) =>
        payload.includes('"partitionkey":"bad"')
          ? Promise.reject(new Error('too large'))
          : acknowledge(channel, payload),
      );
    expect(await fixture.relay(bus).deliverBatch()).toEqual({ sent: 1, failed: 1 });
    expect(await fixture.messages()).toMatchObject([
      { key: 'bad', sent: false },
      { key: 'good', sent: true },
    ]);
  });

  it('rests before it is tried again', async () => {
    await fixture.emit(noteWritten('a'));
    const bus = new FakeMessageBus();
    bus.answerWith('refuse');
    const relay = fixture.relay(bus, { retryFirstMs: 60_000, retryLongestMs: 60_000 });
    await relay.deliverBatch();
    expect(await relay.deliverBatch()).toEqual({ sent: 0, failed: 0 });
    expect(bus.published).toHaveLength(1);
  });
});

describe('while the bus is not ready', () => {
  it('nothing is claimed and no attempt is counted; the moment it is ready, everything goes', async () => {
    const bus = new FakeMessageBus();
    bus.answerWith('not-connected');
    const looks = jest.spyOn(bus, 'ready', 'get');
    await fixture.emit(noteWritten('a'), noteWritten('b'));
    start(fixture.relay(bus, { pollMs: 1 }));
    await eventually('the relay has looked three times', () => looks.mock.calls.length >= 3);
    expect(await fixture.messages()).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
    expect(await fixture.count('select count(*) from outbox_key where lease_token is not null')).toBe(0);

    bus.answerWith('acknowledge');
    await eventually('both are sent', allSent);
    expect((await fixture.messages()).map(({ attempts }) => attempts)).toEqual([1, 1]);
  });
});
