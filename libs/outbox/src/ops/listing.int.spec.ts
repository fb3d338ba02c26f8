import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@app/nats/testing';
import { Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { noteWritten } from '../../testing/notes.js';
import { OperationsFixture } from '../../testing/operations-fixture.js';
import { InvalidListError, MessagesParkedError, SettleTimeoutError } from '../outbox.errors.js';
import type { ListState } from './listing.js';

jest.setTimeout(30_000);

let fixture: OperationsFixture;

beforeAll(async () => {
  fixture = await OperationsFixture.create();
});
beforeEach(() => {
  for (const level of ['warn', 'error'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
});
afterEach(async () => {
  await fixture.clear();
  jest.restoreAllMocks();
});
afterAll(() => fixture.drop());

/** One message of each book, each of which the broker refuses, and two behind it. */
async function refused(whenPoisoned: 'block' | 'park', ...books: string[]) {
  const events = books.map((book) => noteWritten(book, `${book} bad`));
  for (const event of events) {
    const { book } = event.data;
    await fixture.outbox.emit(event, noteWritten(book, '2'), noteWritten(book, '3'));
    fixture.bus.refuses.add(`${book} bad`);
    await fixture.deliver(whenPoisoned);
  }
  fixture.bus.refuses.clear();
  return events;
}

/** The ids or keys of a list, read page by page. */
async function pages(state: ListState, limit: number, name: 'id' | 'key') {
  const found: unknown[][] = [];
  for (let after: string | undefined, first = true; first || after !== undefined; first = false) {
    const page = await fixture.operations.list({ state, limit, ...(after !== undefined && { after }) });
    found.push(page.items.map((item) => (item as unknown as Record<string, unknown>)[name]));
    after = page.next;
  }
  return found;
}

describe('the list of', () => {
  it('parked messages tells what each is, page by page, the oldest first', async () => {
    const events = await refused('park', 'a', 'b', 'c');
    const { items } = await fixture.operations.list({ state: 'parked', limit: 1 });
    expect(items).toEqual([
      {
        state: 'parked',
        id: events[0]!.id,
        key: 'a',
        sequence: 1n,
        type: 'note.written',
        policy: 'park',
        attempts: 1,
        failures: 1,
        error: expect.stringContaining('too large'),
        createdAt: expect.any(Date),
        parkedAt: expect.any(Date),
      },
    ]);
    const [a, b, c] = events.map(({ id }) => id);
    expect(await pages('parked', 2, 'id')).toEqual([[a, b], [c]]);
    // A page whose last row was requeued meanwhile has a next one all the same.
    const { next = '' } = await fixture.operations.list({ state: 'parked', limit: 1 });
    await fixture.operations.requeue([a!]);
    expect((await fixture.operations.list({ state: 'parked', after: next })).items).toHaveLength(2);
  });

  it('blocked keys tells by what, and how many messages wait behind it', async () => {
    const [a] = await refused('block', 'a', 'b', 'c');
    const { items } = await fixture.operations.list({ state: 'blocked', limit: 1 });
    expect(items).toEqual([
      {
        state: 'blocked',
        key: 'a',
        blockedAt: expect.any(Date),
        waitingBehind: 2n,
        id: a!.id,
        sequence: 1n,
        type: 'note.written',
        attempts: 1,
        failures: 1,
        error: expect.stringContaining('too large'),
      },
    ]);
    expect(await pages('blocked', 2, 'key')).toEqual([['a', 'b'], ['c']]);
    expect((await fixture.operations.list({ state: 'pending' })).items).toEqual([]);
  });

  it('pending messages has the first of each key, by what its key waits for', async () => {
    const [first, second] = [noteWritten('a', '1'), noteWritten('a', '2')];
    const due = noteWritten('b');
    await fixture.outbox.emit(first, second);
    await fixture.outbox.emit({
      event: due,
      key: 'b',
      ordered: true,
      notBefore: new Date(Date.now() + 3_600_000),
    });
    await fixture.outbox.emit({ event: noteWritten('c'), key: 'c', ordered: false });
    const { items } = await fixture.operations.list({ state: 'pending' });
    expect(items).toMatchObject([
      {
        key: 'a',
        id: first.id,
        sequence: 1n,
        lane: 'ready',
        attempts: 0,
        failures: 0,
        error: null,
        dueAt: null,
      },
      { key: 'b', id: due.id, lane: 'due', dueAt: expect.any(Date) },
      { lane: 'ready', sequence: 1n },
    ]);
    const keys = items.map(({ key }) => key);
    expect(await pages('pending', 2, 'key')).toEqual([keys.slice(0, 2), keys.slice(2)]);
  });

  it('dead letters tells what each is, page by page', async () => {
    const ids = [await fixture.bury('1', 'x'), await fixture.bury('2', 'y'), await fixture.bury('3', 'x')];
    const { items } = await fixture.operations.list({ state: 'dead', limit: 1 });
    expect(items).toMatchObject([
      { state: 'dead', id: ids[0], channel: 'x', reason: 'failed', deliveries: 5 },
    ]);
    expect(await pages('dead', 2, 'id')).toEqual([ids.slice(0, 2), ids.slice(2)]);
    const { items: ofY } = await fixture.operations.list({ state: 'dead', type: 'y' });
    expect(ofY).toMatchObject([{ id: ids[1], channel: 'y' }]);
  });

  it.each(['parked', 'blocked', 'pending'] as const)('%s is narrowed by key and type', async (state) => {
    if (state === 'pending') await fixture.outbox.emit(noteWritten('a'), noteWritten('b'));
    else await refused(state === 'parked' ? 'park' : 'block', 'a', 'b');
    const keysOf = async (filter: { key?: string; type?: string }) =>
      (await fixture.operations.list({ state, ...filter })).items.map(({ key }) => key);
    expect(await keysOf({})).toEqual(['a', 'b']);
    expect(await keysOf({ key: 'b' })).toEqual(['b']);
    expect(await keysOf({ type: 'note.written' })).toEqual(['a', 'b']);
    expect(await keysOf({ type: 'note.read' })).toEqual([]);
  });

  it.each([
    ['limit', { state: 'parked', limit: 0 }],
    ['limit', { state: 'parked', limit: 1_001 }],
    ['after', { state: 'parked', after: 'yesterday' }],
    ['after', { state: 'blocked', after: '2026-99-22T00:00:00.000000Z/a' }],
    ['after', { state: 'parked', after: '2026-11-22T00:00:00.000000Z/no-uuid' }],
    ['after', { state: 'dead', after: '2026-11-22T00:00:00.000000Z/no-uuid' }],
    ['key', { state: 'dead', key: 'a' }],
    ['limit', { state: 'dead', limit: 1.5 }],
  ] as const)('anything with a wrong %s is refused: %p', async (field, options) => {
    const listed = fixture.operations.list(options);
    await expect(listed).rejects.toThrow(InvalidListError);
    await expect(listed).rejects.toMatchObject({ field });
  });
});

describe('a message that is shown', () => {
  it('is told whole wherever it is: waiting, parked, settled', async () => {
    const [head, behind] = [noteWritten('a', 'bad'), noteWritten('a', '2')];
    await fixture.outbox.emit(head, behind);
    const envelope = (event: object, sequence: number) =>
      JSON.stringify({ ...event, sequence: String(sequence).padStart(19, '0') });
    expect(await fixture.operations.show(behind.id)).toEqual({
      state: 'pending',
      id: behind.id,
      key: 'a',
      sequence: 2n,
      type: 'note.written',
      envelope: envelope(behind, 2),
      attempts: 0,
      failures: 0,
      error: null,
      policy: null,
      createdAt: expect.any(Date),
      notBefore: null,
      parkedAt: null,
      lane: { state: 'ready', settledSequence: 0n, dueAt: null },
    });
    fixture.bus.refuses.add('bad');
    await fixture.deliver();
    expect(await fixture.operations.show(head.id)).toMatchObject({
      state: 'parked',
      policy: 'block',
      attempts: 1,
      failures: 1,
      error: expect.stringContaining('too large'),
      envelope: envelope(head, 1),
      lane: { state: 'blocked' },
    });
    await fixture.operations.drop([head.id], { reason: 'x' });
    await fixture.deliver();
    expect(await fixture.operations.show(behind.id)).toMatchObject({
      state: 'settled',
      attempts: 1,
      lane: null,
    });
    expect(fixture.bus.published.at(-1)?.payload).toBe(envelope(behind, 2));
  });

  it('is shown while it is parked, even when its partition is gone', async () => {
    const [event] = await refused('park', 'a');
    await fixture.outbox.dataSource.query('delete from outbox_message');
    expect(await fixture.operations.show(event!.id)).toMatchObject({
      state: 'parked',
      key: 'a',
      sequence: 1n,
    });
  });

  it('may be a dead letter, whose payload is text or base64', async () => {
    expect(await fixture.operations.show(await fixture.bury('{"a":1}'))).toMatchObject({
      state: 'dead',
      payload: '{"a":1}',
      encoding: 'utf8',
    });
    expect(await fixture.operations.show(await fixture.bury(Buffer.from([0xff])))).toMatchObject({
      payload: '/w==',
      encoding: 'base64',
    });
  });

  it('is nothing where there is none of its id', async () => {
    expect(await fixture.operations.show(uuidv7())).toBeUndefined();
  });
});

describe('the numbers', () => {
  it('of an empty outbox are none', async () => {
    expect(await fixture.operations.stats()).toEqual({
      pending: 0n,
      capped: false,
      oldestPendingAgeMs: null,
      lanes: { ready: 0, due: 0, leased: 0, blocked: 0 },
      leases: [],
      parked: [],
      deadLetters: [],
      partitions: expect.any(Array),
      gaps: { count: 0, examples: [] },
    });
  });

  it('name the partitions of both tables, with their bounds', async () => {
    const { partitions } = await fixture.operations.stats();
    const today = new Date().toISOString().slice(0, 10);
    const [ofInbox, ofOutbox] = ['inbox', 'outbox'].map((box) =>
      partitions.find(({ name }) => name === `${box}_message_p${today.replaceAll('-', '')}`),
    );
    expect(ofInbox?.range).toMatch(/^FOR VALUES FROM \('[0-9a-f-]{36}'\) TO \('[0-9a-f-]{36}'\)$/);
    expect(ofOutbox?.range).toMatch(/^FOR VALUES FROM \('[0-9: +-]+'\) TO \('[0-9: +-]+'\)$/);
  });

  it('tell what waits, for how long, and in which state', async () => {
    await refused('block', 'a');
    await refused('park', 'b');
    await fixture.outbox.emit(noteWritten('c'), noteWritten('c'));
    await fixture.outbox.emit({ event: noteWritten('d'), key: 'd', ordered: false });
    await fixture.bury('x', 'note.read');
    await fixture.outbox.dataSource.query(
      `update outbox_lane set pending_since = clock_timestamp() - interval '10 minutes' where key = 'c'`,
    );
    await fixture.outbox.dataSource.query(
      `insert into outbox_lease values (gen_random_uuid(), 'relay 1', clock_timestamp() - interval '1 second', 20)`,
    );
    await fixture.outbox.dataSource.query(
      `insert into inbox_key values ('/x', 'k', 1, 9, 8, clock_timestamp() - interval '2 minutes'),
                                    ('/x', 'l', 1, 9, 8, clock_timestamp())`,
    );
    const stats = await fixture.operations.stats();
    expect(stats).toMatchObject({
      pending: 6n,
      capped: false,
      lanes: { ready: 2, due: 0, leased: 0, blocked: 1 },
      leases: [{ holder: 'relay 1', expired: true }],
      parked: [
        { type: 'note.written', policy: 'block', count: 1 },
        { type: 'note.written', policy: 'park', count: 1 },
      ],
      deadLetters: [{ channel: 'note.read', reason: 'failed', count: 1 }],
      gaps: { count: 1, examples: [{ key: 'k', missing: 1n }] },
    });
    expect(stats.oldestPendingAgeMs).toBeGreaterThanOrEqual(600_000);
    expect(stats.oldestPendingAgeMs).toBeLessThan(660_000);
  });

  it('are had without a look at a message', async () => {
    await fixture.outbox.emit(noteWritten('a'));
    const { dataSource } = fixture.outbox;
    const query = jest.spyOn(dataSource, 'query');
    await fixture.operations.stats();
    for (const [statement] of query.mock.calls)
      expect(statement).not.toMatch(/(from|join) (in|out)box_message/);
    expect(query).toHaveBeenCalledTimes(6);
  });
});

describe('who waits until messages are settled', () => {
  it('is told when the last of them is', async () => {
    const events = [noteWritten('a', '1'), noteWritten('b', '2')];
    let done = false;
    const waiting = fixture.operations
      .settled([...events.map(({ id }) => id.toUpperCase())], { timeoutMs: 20_000 })
      .then(() => (done = true));
    await fixture.outbox.emit(events[0]!);
    await fixture.deliver();
    await fixture.outbox.emit(events[1]!);
    const query = jest.spyOn(fixture.outbox.dataSource, 'query');
    await eventually('it has looked twice', () => query.mock.calls.length > 1);
    expect(done).toBe(false);
    await fixture.deliver();
    await waiting;
  });

  it('is told at once when nothing has to be waited for', async () => {
    await fixture.operations.settled([], { timeoutMs: 0 });
  });

  it('is told which are given up, before the time is over', async () => {
    const [event] = await refused('park', 'a');
    const settled = fixture.operations.settled([event!.id, uuidv7()], { timeoutMs: 20_000 });
    await expect(settled).rejects.toThrow(MessagesParkedError);
    await expect(settled).rejects.toMatchObject({ ids: [event!.id] });
  });

  it('is told which still wait when the time is over, and which are not there', async () => {
    const [settled, waits, absent] = [noteWritten('a'), noteWritten('b'), uuidv7()];
    await fixture.outbox.emit(settled);
    await fixture.deliver();
    await fixture.outbox.emit(waits);
    const waiting = fixture.operations.settled([settled.id, waits.id, absent], { timeoutMs: 30 });
    await expect(waiting).rejects.toThrow(SettleTimeoutError);
    await expect(waiting).rejects.toMatchObject({ ids: [waits.id, absent], timeoutMs: 30 });
  });

  it('waits for a requeued message anew', async () => {
    const [event] = await refused('park', 'a');
    await fixture.operations.requeue([event!.id]);
    await expect(fixture.operations.settled([event!.id], { timeoutMs: 20 })).rejects.toThrow(
      SettleTimeoutError,
    );
    await fixture.deliver();
    await fixture.operations.settled([event!.id], { timeoutMs: 20 });
  });
});
