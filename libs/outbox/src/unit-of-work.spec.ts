import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { InvalidEventError } from '@app/nats';
import { QueryFailedError } from 'typeorm';
import { FakeDatabase, serverError } from '../testing/fake-database.js';
import { emitting, notes, noteWritten, type Notes } from '../testing/notes.js';
import { RecordingStrategy } from '../testing/recording-strategy.js';
import { OUTBOX_STEPS } from './diagnostics.js';
import { CommitUnknownError, EmitOutsideTransactionError, EventsUnconfirmedError } from './outbox.errors.js';
import type { EventTypesOptions } from './outbox.options.js';
import { UnitOfWork, type Transaction } from './unit-of-work.js';

const databases: FakeDatabase[] = [];

function setUp(types: EventTypesOptions = {}) {
  const database = new FakeDatabase();
  databases.push(database);
  const strategy = new RecordingStrategy(database.journal);
  const unitOfWork = new UnitOfWork<Notes>(database.dataSource, strategy, notes, types);
  return { database, strategy, unitOfWork };
}

/** What the test ends with, if it ends with a failure. */
const failureOf = (running: Promise<unknown>) =>
  running.then(
    () => undefined,
    (error: unknown) => error,
  );

afterEach(() => {
  for (const database of databases.splice(0)) expect(database.runnersOpen).toBe(0);
});

describe('UnitOfWork', () => {
  it('hands the events over inside the transaction, and again after the commit', async () => {
    const { database, strategy, unitOfWork } = setUp();
    const [first, second] = [noteWritten('a'), noteWritten('b')];
    const result = await unitOfWork.run(({ emit }) => {
      emit(first);
      emit(second);
      return Promise.resolve('done');
    });
    expect(result).toBe('done');
    expect(database.journal).toEqual(['begin', 'beforeCommit', 'commit', 'afterCommit']);
    expect(strategy.handedOver).toEqual([
      { event: first, key: 'a', ordered: true },
      { event: second, key: 'b', ordered: true },
    ]);
  });

  it('announces each of its steps when it is done, and none after it has failed', async () => {
    const { database, unitOfWork } = setUp();
    const note = (_: unknown, step: string | symbol) => void database.journal.push(String(step));
    const units = OUTBOX_STEPS.filter((step) => step.startsWith('outbox.unit.'));
    for (const step of units) subscribe(step, note);
    await unitOfWork.run(emitting(noteWritten('a')));
    await unitOfWork.run(() => Promise.reject(new Error('no'))).catch(() => undefined);
    for (const step of units) unsubscribe(step, note);
    expect(database.journal).toEqual([
      ...['begin', 'outbox.unit.begun', 'outbox.unit.worked'],
      ...['beforeCommit', 'outbox.unit.committing'],
      ...['commit', 'outbox.unit.committed', 'afterCommit'],
      ...['begin', 'outbox.unit.begun', 'rollback'],
    ]);
  });

  it('calls no strategy for a transaction that emitted nothing', async () => {
    const { database, unitOfWork } = setUp();
    await unitOfWork.run(() => Promise.resolve('done'));
    expect(database.journal).toEqual(['begin', 'commit']);
  });

  it('a rollback emits nothing, and the error is the callback’s own', async () => {
    const { database, unitOfWork } = setUp();
    const failure = new Error('no');
    const running = unitOfWork.run(({ emit }) => {
      emit(noteWritten('a'));
      return Promise.reject(failure);
    });
    await expect(running).rejects.toBe(failure);
    expect(database.journal).toEqual(['begin', 'rollback']);
  });

  it('a callback that throws before it has a promise is rolled back too', async () => {
    const { database, unitOfWork } = setUp();
    const running = unitOfWork.run(() => {
      throw new Error('at once');
    });
    await expect(running).rejects.toThrow('at once');
    expect(database.journal).toEqual(['begin', 'rollback']);
  });

  it('a delivery that fails after the commit tells what is committed, which events, and why', async () => {
    const { database, strategy, unitOfWork } = setUp();
    strategy.failure = new Error('the connection closed');
    const event = noteWritten('a');
    const error = await failureOf(
      unitOfWork.run(({ emit }) => {
        emit(event);
        return Promise.resolve({ id: 7 });
      }),
    );
    expect(error).toBeInstanceOf(EventsUnconfirmedError);
    expect(error).toMatchObject({
      code: 'OUTBOX_EVENTS_UNCONFIRMED',
      result: { id: 7 },
      events: [event],
      cause: strategy.failure,
    });
    expect(String(error)).toContain(event.id);
    expect(database.journal).toContain('commit');
  });

  it('a delivery that fails after the commit for a reason of a database’s is not run again', async () => {
    const { database, strategy, unitOfWork } = setUp();
    strategy.failure = serverError('40001');
    await expect(unitOfWork.run(emitting(noteWritten('a')))).rejects.toThrow(EventsUnconfirmedError);
    expect(database.journal).toEqual(['begin', 'beforeCommit', 'commit', 'afterCommit']);
  });
});

describe('an emit', () => {
  const emitted = async (types: EventTypesOptions, work: (transaction: Transaction<Notes>) => void) => {
    const { strategy, unitOfWork } = setUp(types);
    await unitOfWork.run((transaction) => Promise.resolve(work(transaction)));
    return strategy.handedOver;
  };

  it('under a key of its own says so in the envelope too', async () => {
    const [only] = await emitted({}, ({ emit }) => emit(noteWritten('a'), { key: 'shelf' }));
    expect(only).toMatchObject({ key: 'shelf', event: { partitionkey: 'shelf' } });
  });

  it('hands on when the event may leave', async () => {
    const notBefore = new Date('2030-01-01T00:00:00Z');
    const [only] = await emitted({}, ({ emit }) => emit(noteWritten('a'), { notBefore }));
    expect(only?.notBefore).toBe(notBefore);
  });

  it.each([
    [{}, true],
    [{ 'note.written': { whenPoisoned: 'park' } }, true],
    [{ 'note.written': { order: 'key' } }, true],
    [{ 'note.written': { order: 'none' } }, false],
    [{ 'note.lost': { order: 'none' } }, true],
  ] as const)('is ordered unless its type says otherwise: %j', async (types: EventTypesOptions, ordered) => {
    const [only] = await emitted(types, ({ emit }) => emit(noteWritten('a')));
    expect(only?.ordered).toBe(ordered);
  });

  it('takes the event as it is then: what is done to it later does not leave', async () => {
    const data = { book: 'a', text: 'as emitted' };
    const [only] = await emitted({}, ({ emit }) => {
      emit({ ...noteWritten('a'), data });
      data.text = 'changed';
    });
    expect(only?.event.data).toEqual({ book: 'a', text: 'as emitted' });
  });

  it('of an event that was received takes its number off: it gets another one', async () => {
    const received = { ...noteWritten('a'), sequence: '0000000000000000007' };
    const [only] = await emitted({}, ({ emit }) => emit(received));
    expect(only?.event).not.toHaveProperty('sequence');
  });

  it.each([
    ['an empty key', { key: '' }, 'partitionkey'],
    ['no date to wait for', { notBefore: new Date('soon') }, 'notBefore'],
  ])('with %s is refused, and rolled back', async (_, options, problem) => {
    const { database, unitOfWork } = setUp();
    const error = await failureOf(
      unitOfWork.run(({ emit }) => Promise.resolve(emit(noteWritten('a'), options))),
    );
    expect(error).toBeInstanceOf(InvalidEventError);
    expect(String(error)).toContain(problem);
    expect(database.journal).toEqual(['begin', 'rollback']);
  });

  it('of the same event again is refused: consumers would swallow it as a repeat', async () => {
    const { database, unitOfWork } = setUp();
    const event = noteWritten('a');
    await expect(unitOfWork.run(emitting(event, event))).rejects.toThrow(`${event.id} was emitted`);
    expect(database.journal).toEqual(['begin', 'rollback']);
  });

  it('after the callback has ended throws', async () => {
    const { strategy, unitOfWork } = setUp();
    const transaction = await unitOfWork.run((open) => {
      open.emit(noteWritten('a'));
      return Promise.resolve(open);
    });
    expect(() => transaction.emit(noteWritten('late'))).toThrow(EmitOutsideTransactionError);
    expect(strategy.handedOver).toHaveLength(1);
  });

  it('after the callback has failed throws too', async () => {
    const { unitOfWork } = setUp();
    let transaction: Transaction<Notes> | undefined;
    const running = unitOfWork.run((open) => {
      transaction = open;
      return Promise.reject(new Error('no'));
    });
    await expect(running).rejects.toThrow('no');
    expect(() => transaction?.emit(noteWritten('late'))).toThrow(EmitOutsideTransactionError);
  });
});

describe('a COMMIT that fails', () => {
  const begunOnce = ['begin', 'beforeCommit'];

  it.each([
    ['a deferred constraint', serverError('23503')],
    ['a statement time-out', serverError('57014')],
    ['a full disk, of which the session lives on', serverError('53100')],
  ])('by the word of the server, for %s, is a rollback for certain', async (_, answer) => {
    const { database, unitOfWork } = setUp();
    database.refuseCommit(answer);
    const error = await failureOf(unitOfWork.run(emitting(noteWritten('a'))));
    expect(error).toBeInstanceOf(QueryFailedError);
    expect(error).toMatchObject({ driverError: answer });
    expect(database.journal).toEqual([...begunOnce, 'rollback']);
  });

  it.each([
    ['the socket was reset', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
    ['the pipe broke, a code of five letters', Object.assign(new Error('write'), { code: 'EPIPE' })],
    ['the connection ended', new Error('Connection terminated unexpectedly')],
    ['the client waited long enough', new Error('Query read timeout')],
    ['the server is shut down', serverError('57P01', 'FATAL')],
    ['the server crashed', serverError('57P02', 'WARNING')],
    ['a proxy lost the server', serverError('08006')],
    ['the log cannot be written', serverError('53100', 'PANIC')],
    ['the server does not know', serverError('40003')],
  ])('and leaves the outcome open because %s is never repeated', async (_, cause) => {
    const { database, strategy, unitOfWork } = setUp();
    database.refuseCommit(cause);
    const event = noteWritten('a');
    const error = await failureOf(unitOfWork.run(emitting(event)));
    expect(error).toBeInstanceOf(CommitUnknownError);
    expect(error).toMatchObject({ code: 'OUTBOX_COMMIT_UNKNOWN', events: [event] });
    expect((error as Error).cause).toMatchObject({ driverError: cause });
    // And nothing is handed over: it may not be committed.
    expect(database.journal).toEqual(begunOnce);
    expect(strategy.handedOver).toHaveLength(1);
  });
});

describe('a transaction that met another', () => {
  it.each(['40001', '40P01'])(
    'is run again after %s at its COMMIT, without its first events',
    async (code) => {
      const { database, strategy, unitOfWork } = setUp();
      database.refuseCommit(serverError(code), 2);
      let runs = 0;
      const result = await unitOfWork.run(({ emit }) => {
        runs++;
        emit(noteWritten('a', `run ${runs}`));
        return Promise.resolve(runs);
      });
      expect(result).toBe(3);
      expect(database.journal).toEqual([
        ...['begin', 'beforeCommit', 'rollback'],
        ...['begin', 'beforeCommit', 'rollback'],
        ...['begin', 'beforeCommit', 'commit', 'afterCommit'],
      ]);
      const texts = strategy.handedOver.map(({ event }) => (event.data as { text: string }).text);
      expect(texts).toEqual(['run 1', 'run 2', 'run 3']);
    },
  );

  it.each([
    ['a statement of the callback', (error: Error) => error],
    ['one that the callback wrapped', (cause: Error) => new Error('could not save', { cause })],
  ])('is run again after %s failed', async (_, wrap) => {
    const { unitOfWork } = setUp();
    const work = jest.fn<() => Promise<string>>().mockResolvedValue('done');
    work.mockRejectedValueOnce(wrap(new QueryFailedError('select', undefined, serverError('40001'))));
    expect(await unitOfWork.run(work)).toBe('done');
    expect(work).toHaveBeenCalledTimes(2);
  });

  it('is run again after its events could not be stored', async () => {
    const { database, strategy, unitOfWork } = setUp();
    const failure = new QueryFailedError('insert', undefined, serverError('40P01'));
    jest.spyOn(strategy, 'beforeCommit').mockRejectedValueOnce(failure);
    await unitOfWork.run(emitting(noteWritten('a')));
    expect(database.journal).toEqual(['begin', 'rollback', 'begin', 'beforeCommit', 'commit', 'afterCommit']);
  });

  it.each([
    [undefined, 5],
    [2, 2],
    [1, 1],
    [Number.NaN, 1],
  ])(
    'is given up after attemptsMax %s: %i runs, and the error is the last one',
    async (attemptsMax, runs) => {
      const { unitOfWork } = setUp();
      const failure = new QueryFailedError('select', undefined, serverError('40001'));
      const work = jest.fn<() => Promise<void>>().mockRejectedValue(failure);
      await expect(unitOfWork.run(work, attemptsMax === undefined ? {} : { attemptsMax })).rejects.toBe(
        failure,
      );
      expect(work).toHaveBeenCalledTimes(runs);
    },
  );

  it.each(['23505', '25P02', '55P03', '57014', '40002'])('is not run again after %s', async (code) => {
    const { unitOfWork } = setUp();
    const work = jest.fn<() => Promise<void>>();
    work.mockRejectedValue(new QueryFailedError('select', undefined, serverError(code)));
    await expect(unitOfWork.run(work)).rejects.toThrow(code);
    expect(work).toHaveBeenCalledTimes(1);
  });

  it('is not run again when the commit of another one inside is in doubt, whatever its cause says', async () => {
    const { unitOfWork } = setUp();
    const doubt = new CommitUnknownError([], { cause: serverError('40001') });
    const work = jest.fn<() => Promise<void>>().mockRejectedValue(doubt);
    await expect(unitOfWork.run(work)).rejects.toBe(doubt);
    expect(work).toHaveBeenCalledTimes(1);
  });
});
