import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { noteWritten, notes } from '../../testing/notes.js';
import { OperationsFixture } from '../../testing/operations-fixture.js';
import { InvalidListError } from '../outbox.errors.js';
import { seenByInbox } from './sql/seen-by-inbox.js';

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

const count = (table: string) => fixture.outbox.count(`select count(*) from ${table}`);
const later = new Date(Date.now() + 3_600_000);

/** Stores these events and publishes them. */
async function settle(...events: Parameters<OperationsFixture['outbox']['emit']>) {
  await fixture.outbox.emit(...events);
  await fixture.deliver();
}

describe('a replay', () => {
  it('emits settled messages as new events, with new numbers, in their order, saying what they repeat', async () => {
    const events = ['a1', 'a2', 'a3'].map((text) => noteWritten('a', text));
    await settle(...events);
    fixture.bus.published.length = 0;

    expect(await fixture.operations.replay({ key: 'a' })).toEqual({ replayed: 3, more: false });

    expect(fixture.wakes).toBe(1);
    await fixture.deliver();
    const sent = fixture.envelopes();
    expect(sent.map(({ sequence }) => Number(sequence))).toEqual([4, 5, 6]);
    expect(sent.map(({ replayof }) => replayof)).toEqual(events.map(({ id }) => id));
    expect(fixture.texts).toEqual(['a1', 'a2', 'a3']);
    const ids = new Set([...sent, ...events].map(({ id }) => id));
    expect(ids.size).toBe(6);
    // A consumer reads it like any other event, and sees the marker.
    const [payload] = fixture.bus.published.map(({ payload }) => payload);
    expect(notes.decode('note.written', payload ?? '')).toMatchObject({
      ...events[0],
      id: sent[0]?.['id'],
      replayof: events[0]?.id,
    });
  });

  it('leaves out what waits, what is parked, what was dropped, and earlier replays', async () => {
    await fixture.outbox.emit(...['a1', 'a2', 'a3'].map((text) => noteWritten('a', text)));
    fixture.bus.refuses.add('a2');
    await fixture.deliver('park');
    await settle(noteWritten('b', 'b1'));
    await fixture.outbox.emit(noteWritten('b', 'b2'));
    expect(await fixture.operations.replay({ type: 'note.written' })).toEqual({ replayed: 3, more: false });
    await fixture.deliver();
    // b2 is settled by now, and the three are no replayable messages themselves.
    expect(await fixture.operations.replay({ type: 'note.written' })).toEqual({ replayed: 4, more: false });
  });

  it('takes a message that was requeued for one, with its key and a number', async () => {
    const event = noteWritten('a', 'a1');
    await fixture.outbox.emit(event, noteWritten('a', 'a2'));
    fixture.bus.refuses.add('a1');
    await fixture.deliver('park');
    fixture.bus.refuses.clear();
    await fixture.operations.requeue([event.id]);
    await fixture.deliver();
    expect(await fixture.operations.replay({ type: 'note.written' })).toEqual({ replayed: 2, more: false });
    await fixture.deliver();
    // Its first row goes with its partition one day.
    await fixture.outbox.dataSource.query(`delete from outbox_message where key = 'a'`);
    fixture.bus.published.length = 0;

    expect(await fixture.operations.replay({ type: 'note.written' })).toEqual({ replayed: 1, more: false });
    await fixture.deliver();
    expect(fixture.envelopes()).toMatchObject([
      { replayof: event.id, partitionkey: 'a', sequence: '5'.padStart(19, '0') },
    ]);
    expect(fixture.bus.published[0]?.payload.match(/"sequence"/g)).toHaveLength(1);
  });

  it('takes no notice of what was sent for somebody else, even if it is no JSON', async () => {
    await fixture.operations.requeue([await fixture.bury('not "id":" JSON')]);
    await fixture.operations.requeue([await fixture.bury(JSON.stringify({ ...noteWritten('a'), id: 'x' }))]);
    jest.spyOn(fixture.bus, 'publish').mockResolvedValue({ guid: 'taken' });
    await fixture.deliver();
    expect(await count('outbox_lane')).toBe(0);
    expect(await fixture.operations.replay({ type: 'note.written' })).toEqual({ replayed: 0, more: false });
    expect(await fixture.operations.reconcile(() => Promise.resolve(new Set()), { to: later })).toEqual([]);
  });

  it('goes by time, stops at its limit, and says so', async () => {
    for (const text of ['a1', 'a2', 'a3']) await settle(noteWritten('a', text));
    const yesterday = new Date(Date.now() - 86_400_000).setUTCHours(0, 0, 0, 0);
    const at = (hour: number) => new Date(yesterday + hour * 3_600_000);
    for (const sequence of [1, 2, 3]) {
      const sql = 'update outbox_message set created_at = $1 where sequence = $2';
      await fixture.outbox.dataSource.query(sql, [at(sequence), sequence]);
    }
    fixture.bus.published.length = 0;
    expect(await fixture.operations.replay({ from: at(2), to: at(3) })).toEqual({ replayed: 1, more: false });
    await fixture.deliver();
    expect(fixture.texts).toEqual(['a2']);
    expect(await fixture.operations.replay({ key: 'a', limit: 2 })).toEqual({ replayed: 2, more: true });
    await fixture.deliver();
    expect(fixture.texts).toEqual(['a2', 'a1', 'a2']);
  });

  it('goes on over more than one transaction', async () => {
    await settle(...Array.from({ length: 450 }, (_, n) => noteWritten(`book ${n % 3}`, String(n))));
    expect(await fixture.operations.replay({ type: 'note.written' })).toEqual({ replayed: 450, more: false });
    expect(fixture.wakes).toBe(3);
    const transactions = await fixture.outbox.count(
      `select count(distinct xmin::text) from outbox_message where envelope like '%replayof%'`,
    );
    expect(transactions).toBe(3);
  });

  it.each([0, 100_001, 1.5])('of %d messages is refused', async (limit) => {
    await expect(fixture.operations.replay({ key: 'a', limit })).rejects.toThrow(InvalidListError);
  });
});

describe('a reconciliation', () => {
  it('sends again as it was what the other side does not have, with its number and under another message id', async () => {
    const events = ['a1', 'a2', 'a3'].map((text) => noteWritten('a', text));
    await settle(...events);
    const before = fixture.bus.published.splice(0);
    const ids = events.map(({ id }) => id);
    const asked: unknown[] = [];

    const resent = await fixture.operations.reconcile(
      (ids, sources) => {
        asked.push({ ids, sources });
        return Promise.resolve(new Set(ids.slice(0, 1)));
      },
      { to: later },
    );

    expect(resent).toEqual(ids.slice(1));
    expect(asked).toEqual([{ ids, sources: ['/notes', '/notes', '/notes'] }]);
    expect(fixture.wakes).toBe(1);
    const publish = jest.spyOn(fixture.bus, 'publish');
    await fixture.deliver();
    const payloads = fixture.bus.published.map(({ payload }) => payload);
    expect(payloads.toSorted()).toEqual([before[1]?.payload, before[2]?.payload]);
    const messageIds = new Set([...ids, ...publish.mock.calls.map(([, , options]) => options?.messageId)]);
    expect(messageIds.size).toBe(5);
  });

  it('leaves out what waits or is parked, and asks once for what was requeued', async () => {
    const events = ['a1', 'a2', 'a3'].map((text) => noteWritten('a', text));
    await fixture.outbox.emit(...events);
    fixture.bus.refuses.add('a2');
    await fixture.deliver('park');
    const asked: string[] = [];
    const seen = (ids: string[]) => {
      asked.push(...ids);
      return Promise.resolve(new Set(ids));
    };
    await fixture.outbox.emit(noteWritten('b', 'waits'));
    await fixture.operations.reconcile(seen, { to: later });
    expect(asked).toEqual([events[0]!.id, events[2]!.id]);

    fixture.bus.refuses.clear();
    await fixture.operations.requeue([events[1]!.id]);
    asked.length = 0;
    await fixture.operations.reconcile(seen, { to: later });
    expect(asked).toEqual([events[0]!.id, events[2]!.id]);
    await fixture.deliver();
    asked.length = 0;
    await fixture.operations.reconcile(seen, { to: later });
    expect(asked.slice(0, 3)).toEqual(events.map(({ id }) => id));
  });

  it('goes through page after page, and only through the span it was given', async () => {
    await settle(...Array.from({ length: 2_100 }, (_, n) => noteWritten(`book ${n % 50}`)));
    let pages = 0;
    const seen = (ids: string[]) => Promise.resolve(new Set(++pages === 1 ? ids.slice(1) : ids));
    expect(await fixture.operations.reconcile(seen, { to: later })).toHaveLength(1);
    expect(pages).toBe(3);
    expect(await fixture.operations.reconcile(seen, { from: later, to: later })).toEqual([]);
    // What is on its way is left alone unless another time is given.
    expect(await fixture.operations.reconcile(seen)).toEqual([]);
    expect(pages).toBe(3);
  });

  it('asks an inbox by source and id: the same id of another source is another event', async () => {
    const { tables, dataSource } = fixture.outbox;
    const [mine, other, absent] = [noteWritten('a').id, noteWritten('a').id, noteWritten('a').id];
    await dataSource.query(
      `insert into inbox_message (source, id, type) values ('/notes', $1, 't'), ('/x', $2, 't')`,
      [mine, other],
    );
    const sources = ['/notes', '/notes', '/notes'];
    expect(await seenByInbox(tables.on(dataSource), [mine, other, absent], sources)).toEqual(new Set([mine]));
  });
});
