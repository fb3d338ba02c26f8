import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { noteWritten } from '../../testing/notes.js';
import { OperationsFixture } from '../../testing/operations-fixture.js';
import { DeadLetterNotTextError, LaneGoneError, MessagesNotParkedError } from '../outbox.errors.js';

jest.setTimeout(30_000);

let fixture: OperationsFixture;
let warnings: string[];

beforeAll(async () => {
  fixture = await OperationsFixture.create();
});
beforeEach(() => {
  warnings = [];
  jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  jest
    .spyOn(Logger.prototype, 'warn')
    .mockImplementation((text: unknown) => void warnings.push(String(text)));
});
afterEach(async () => {
  await fixture.clear();
  jest.restoreAllMocks();
});
afterAll(() => fixture.drop());

const count = (table: string) => fixture.outbox.count(`select count(*) from ${table}`);

/** A key of three messages, of which the broker refuses the second. */
async function poisoned(whenPoisoned: 'block' | 'park' | 'skip', book = 'a') {
  const events = ['1', '2', '3'].map((text) => noteWritten(book, `${book}${text}`));
  await fixture.outbox.emit(...events);
  fixture.bus.refuses.add(`${book}2`);
  await fixture.deliver(whenPoisoned);
  fixture.bus.refuses.clear();
  return events[1]!;
}

describe('a message that blocks its key', () => {
  it('goes on as the first of its key when it is requeued, its attempts kept and its failures forgiven', async () => {
    const event = await poisoned('block');
    expect(fixture.texts).toEqual(['a1']);

    expect(await fixture.operations.requeue([event.id])).toEqual([event.id]);

    expect(fixture.wakes).toBe(1);
    expect(await count('outbox_parked')).toBe(0);
    expect(await fixture.operations.show(event.id)).toMatchObject({
      state: 'pending',
      attempts: 1,
      failures: 0,
      error: null,
      lane: { state: 'ready' },
    });
    await fixture.deliver();
    expect(fixture.texts).toEqual(['a1', 'a2', 'a3']);
    expect(await fixture.operations.show(event.id)).toMatchObject({
      state: 'settled',
      attempts: 2,
      lane: null,
    });
  });

  it('is passed by its key when it is dropped', async () => {
    const event = await poisoned('block');

    expect(await fixture.operations.drop([event.id], { reason: 'not wanted' })).toEqual([event.id]);

    expect(fixture.wakes).toBe(1);
    await fixture.deliver();
    expect(fixture.texts).toEqual(['a1', 'a3']);
    expect(await fixture.operations.show(event.id)).toBeUndefined();
    expect([await count('outbox_parked'), await count('outbox_lane')]).toEqual([0, 0]);
    expect(await fixture.outbox.count('select count(*) from outbox_key where queued_after is not null')).toBe(
      0,
    );
  });

  it('leaves nothing waiting when it is dropped and was the last of its key', async () => {
    const event = noteWritten('a', 'a2');
    await fixture.outbox.emit(event);
    fixture.bus.refuses.add('a2');
    await fixture.deliver();
    await fixture.operations.drop([event.id], { reason: 'not wanted' });
    await fixture.deliver();
    expect(await count('outbox_lane')).toBe(0);
    // The next one has the next number: the dropped one's is not used twice.
    await fixture.outbox.emit(noteWritten('a', 'a3'));
    await fixture.deliver();
    expect(fixture.envelopes()).toMatchObject([{ sequence: '2'.padStart(19, '0') }]);
  });

  it('cannot be requeued once its lane is gone, and nothing else of the call is', async () => {
    const [lost, fine] = [await poisoned('block', 'a'), await poisoned('block', 'b')];
    await fixture.outbox.dataSource.query(`delete from outbox_lane where key = 'a'`);

    const requeued = fixture.operations.requeue([fine.id, lost.id]);

    await expect(requeued).rejects.toThrow(LaneGoneError);
    await expect(requeued).rejects.toMatchObject({ ids: [lost.id] });
    expect(await count('outbox_parked')).toBe(2);
    expect(fixture.wakes).toBe(0);
    // It can still be got rid of.
    expect(await fixture.operations.drop([lost.id], { reason: 'its key is gone' })).toEqual([lost.id]);
  });
});

describe.each(['park', 'skip'] as const)('a message that was put aside (%s)', (policy) => {
  it('is requeued under its own id with the number of its key, and waits for nobody', async () => {
    const event = await poisoned(policy);
    expect(fixture.texts).toEqual(['a1', 'a3']);

    await fixture.operations.requeue([event.id]);
    await fixture.deliver();

    expect(fixture.texts).toEqual(['a1', 'a3', 'a2']);
    expect(fixture.envelopes().at(-1)).toMatchObject({ id: event.id, sequence: '2'.padStart(19, '0') });
    expect([await count('outbox_parked'), await count('outbox_lane')]).toEqual([0, 0]);
  });

  it('is requeued again after it was given up again, and published once', async () => {
    const event = await poisoned(policy);
    for (let times = 0; times < 2; times++) {
      await fixture.operations.requeue([event.id]);
      fixture.bus.refuses.add('a2');
      await fixture.deliver();
      fixture.bus.refuses.clear();
      expect(await fixture.operations.show(event.id)).toMatchObject({ state: 'parked' });
    }
    await fixture.operations.requeue([event.id]);
    // Older lanes make the relay look further back, where the earlier rows of the same message are.
    await fixture.outbox.emit(noteWritten('b', 'b1'));
    await fixture.outbox.dataSource.query(`update outbox_lane set pending_since = '-infinity'`);
    await fixture.deliver();

    expect(fixture.texts.filter((text) => text === 'a2')).toEqual(['a2']);
    const [payload] = fixture.bus.published.filter(({ payload }) => payload.includes(event.id));
    expect(payload?.payload.match(/"sequence"/g)).toHaveLength(1);
  });

  it('is gone when it is dropped, from what a replay finds too', async () => {
    const event = await poisoned(policy);
    await fixture.operations.drop([event.id], { reason: 'not wanted' });
    expect(await fixture.operations.show(event.id)).toBeUndefined();
    expect(await fixture.operations.replay({ key: 'a' })).toEqual({ replayed: 2, more: false });
  });
});

describe('a message without order', () => {
  it('is requeued as it was, without a number', async () => {
    const event = noteWritten('a', 'a2');
    await fixture.outbox.emit({ event, key: 'a', ordered: false });
    fixture.bus.refuses.add('a2');
    await fixture.deliver();
    fixture.bus.refuses.clear();

    await fixture.operations.requeue([event.id]);
    await fixture.outbox.dataSource.query(`update outbox_lane set pending_since = '-infinity'`);
    await fixture.deliver();

    expect(fixture.envelopes()).toEqual([expect.objectContaining({ id: event.id })]);
    expect(fixture.envelopes()[0]).not.toHaveProperty('sequence');
  });
});

describe('all that is parked', () => {
  it('of a key is requeued, and of other keys not', async () => {
    const [mine, other] = [await poisoned('park', 'a'), await poisoned('park', 'b')];
    expect(await fixture.operations.requeue({ key: 'a' })).toEqual([mine.id]);
    expect(await fixture.operations.show(other.id)).toMatchObject({ state: 'parked' });
  });

  it('of a type is requeued, blocked keys and what was put aside', async () => {
    const parked = [await poisoned('park', 'a'), await poisoned('block', 'b')];
    expect((await fixture.operations.requeue({ type: 'note.read' })).length).toBe(0);
    expect(fixture.wakes).toBe(0);
    const requeued = await fixture.operations.requeue({ type: 'note.written' });
    expect(requeued.toSorted()).toEqual(parked.map(({ id }) => id).toSorted());
    await fixture.deliver();
    expect(fixture.texts.toSorted()).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
  });
});

describe('a dead letter', () => {
  it('is requeued byte for byte, in a message with an id of its own, to its channel', async () => {
    const payload = '{"id":"0190","data":{"text":"x"} , "odd":true}';
    const id = await fixture.bury(payload, 'note.read');

    expect(await fixture.operations.requeue([id])).toEqual([id]);

    expect(await count('inbox_dead_letter')).toBe(0);
    const [row] = await fixture.outbox.dataSource.query<{ id: string }[]>('select id from outbox_message');
    expect(row?.id).not.toBe(id);
    await fixture.deliver();
    expect(fixture.bus.published).toEqual([{ channel: 'note.read', payload }]);
  });

  it.each([
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['text with a NUL', Buffer.from('{"\0":1}')],
  ])('that is %s stays where it is', async (_, payload) => {
    const id = await fixture.bury(payload);
    await expect(fixture.operations.requeue([id])).rejects.toThrow(DeadLetterNotTextError);
    expect(await count('inbox_dead_letter')).toBe(1);
    expect(await count('outbox_message')).toBe(0);
  });

  it('is dropped', async () => {
    const id = await fixture.bury('{"a":1}', 'note.read');
    const dropped = await fixture.droppedIn(() => fixture.operations.drop([id], { reason: 'nonsense' }));
    expect(await count('inbox_dead_letter')).toBe(0);
    expect(dropped).toEqual([
      {
        reason: 'nonsense',
        message: { id, state: 'dead', type: 'note.read', sequence: 7n, payload: '{"a":1}' },
      },
    ]);
    expect(warnings).toEqual([`Dropped (nonsense): dead note.read ${id}: {"a":1}`]);
  });
});

describe('ids that are not parked', () => {
  it.each(['requeue', 'drop'] as const)('make the whole %s fail, and name themselves', async (operation) => {
    const parked = await poisoned('park', 'a');
    const letter = await fixture.bury('{"a":1}');
    const settled = fixture.envelopes()[0]?.['id'] as string;
    const unknown = uuidv7();
    const ids = [parked.id, letter, settled, unknown];
    warnings = [];

    const dropped = await fixture.droppedIn(async () => {
      const call =
        operation === 'drop'
          ? fixture.operations.drop(ids, { reason: 'x' })
          : fixture.operations.requeue(ids);
      await expect(call).rejects.toThrow(MessagesNotParkedError);
      await expect(call).rejects.toMatchObject({ ids: [settled, unknown] });
    });

    expect([await count('outbox_parked'), await count('inbox_dead_letter')]).toEqual([1, 1]);
    expect([dropped, warnings, fixture.wakes]).toEqual([[], [], 0]);
  });

  it('may be written in capitals', async () => {
    const parked = await poisoned('park');
    expect(await fixture.operations.requeue([parked.id.toUpperCase()])).toEqual([parked.id]);
  });
});

describe('a dropped message', () => {
  it('is announced and logged whole, after the commit', async () => {
    const event = await poisoned('block');
    warnings = [];
    const dropped = await fixture.droppedIn(() =>
      fixture.operations.drop([event.id], { reason: 'wrong book' }),
    );
    const payload = JSON.stringify(event);
    expect(dropped).toEqual([
      {
        reason: 'wrong book',
        message: { id: event.id, state: 'parked', type: 'note.written', key: 'a', sequence: 2n, payload },
      },
    ]);
    expect(warnings).toEqual([
      `Dropped (wrong book): parked note.written ${event.id}, number 2 of key a: ${payload}`,
    ]);
  });
});
