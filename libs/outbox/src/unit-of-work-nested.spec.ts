import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { FakeDatabase, serverError } from '../testing/fake-database.js';
import { emitting, notes, noteWritten, type Notes } from '../testing/notes.js';
import { RecordingStrategy } from '../testing/recording-strategy.js';
import { NestedRunError } from './outbox.errors.js';
import { UnitOfWork } from './unit-of-work.js';

const databases: FakeDatabase[] = [];

function setUp() {
  const database = new FakeDatabase();
  databases.push(database);
  const strategy = new RecordingStrategy(database.journal);
  return { database, strategy, unitOfWork: new UnitOfWork<Notes>(database.dataSource, strategy, notes) };
}

afterEach(() => {
  for (const database of databases.splice(0)) expect(database.runnersOpen).toBe(0);
});

describe('a nested run', () => {
  it('joins: the same manager, the same events, one commit', async () => {
    const { database, strategy, unitOfWork } = setUp();
    const result = await unitOfWork.run(async (outer) => {
      outer.emit(noteWritten('a', 'outer'));
      const inner = await unitOfWork.run((joined) => {
        expect(joined.manager).toBe(outer.manager);
        joined.emit(noteWritten('a', 'inner'));
        return Promise.resolve('inner');
      });
      return `outer of ${inner}`;
    });
    expect(result).toBe('outer of inner');
    expect(database.journal).toEqual(['begin', 'beforeCommit', 'commit', 'afterCommit']);
    expect(strategy.handedOver).toHaveLength(2);
  });

  it('that is started after the callback has ended is a transaction of its own', async () => {
    const { database, unitOfWork } = setUp();
    let release!: () => void;
    const later = new Promise<void>((resolve) => (release = resolve));
    const { detached } = await unitOfWork.run(() =>
      Promise.resolve({ detached: later.then(() => unitOfWork.run(emitting(noteWritten('b')))) }),
    );
    expect(database.journal).toEqual(['begin', 'commit']);
    release();
    await detached;
    expect(database.journal.slice(2)).toEqual(['begin', 'beforeCommit', 'commit', 'afterCommit']);
  });

  it('beside it, in another unit of work, is another transaction', async () => {
    const [one, other] = [setUp(), setUp()];
    await one.unitOfWork.run(() => other.unitOfWork.run(emitting(noteWritten('a'))));
    expect(one.database.journal).toEqual(['begin', 'commit']);
    expect(other.database.journal).toEqual(['begin', 'beforeCommit', 'commit', 'afterCommit']);
  });

  it('that fails and is caught fails the whole: what it left half done is not committed', async () => {
    const { database, unitOfWork } = setUp();
    const failure = new Error('no');
    const running = unitOfWork.run(async () => {
      await unitOfWork.run(() => Promise.reject(failure)).catch(() => undefined);
    });
    const error = await running.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NestedRunError);
    expect(error).toMatchObject({ code: 'OUTBOX_NESTED_RUN', cause: failure });
    expect(database.journal).toEqual(['begin', 'rollback']);
  });

  it('is not repeated alone: the whole is', async () => {
    const { database, unitOfWork } = setUp();
    const inner = jest.fn<() => Promise<string>>().mockResolvedValue('done');
    inner.mockRejectedValueOnce(new QueryFailedError('select', undefined, serverError('40001')));
    const outer = jest.fn(() => unitOfWork.run(inner));
    expect(await unitOfWork.run(outer)).toBe('done');
    expect([outer.mock.calls.length, inner.mock.calls.length]).toEqual([2, 2]);
    expect(database.journal).toEqual(['begin', 'rollback', 'begin', 'commit']);
  });

  it('that nobody awaits fails the whole', async () => {
    const { database, unitOfWork } = setUp();
    let release!: () => void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const running = unitOfWork.run(() => {
      void unitOfWork.run(() => held);
      return Promise.resolve();
    });
    await expect(running).rejects.toThrow('await it');
    release();
    expect(database.journal).toEqual(['begin', 'rollback']);
  });

  it('that asks for another isolation level is refused; the same, or none, joins', async () => {
    const { unitOfWork } = setUp();
    const nested = (isolation?: 'SERIALIZABLE' | 'REPEATABLE READ') =>
      unitOfWork.run(() => unitOfWork.run(() => Promise.resolve('joined'), isolation ? { isolation } : {}), {
        isolation: 'SERIALIZABLE',
      });
    await expect(nested('REPEATABLE READ')).rejects.toThrow(NestedRunError);
    expect(await nested('SERIALIZABLE')).toBe('joined');
    expect(await nested()).toBe('joined');
  });
});
