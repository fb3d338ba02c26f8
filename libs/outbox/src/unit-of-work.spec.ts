import { describe, expect, it } from '@jest/globals';
import type { CloudEvent } from '@app/nats';
import type { EntityManager } from 'typeorm';
import { FakeDatabase } from '../testing/fake-database.js';
import { emitting, noteWritten, type Notes } from '../testing/notes.js';
import { DeliveryStrategy } from './delivery-strategy.js';
import { EmitOutsideTransactionError, EventsUnconfirmedError } from './outbox.errors.js';
import { UnitOfWork, type Transaction } from './unit-of-work.js';

/** Notes when it is called, and with what. */
class RecordingStrategy extends DeliveryStrategy {
  readonly handedOver: CloudEvent[] = [];
  failure: Error | undefined;

  constructor(private readonly journal: string[]) {
    super();
  }

  override beforeCommit(_manager: EntityManager, events: readonly CloudEvent[]): Promise<void> {
    this.journal.push('beforeCommit');
    this.handedOver.push(...events);
    return Promise.resolve();
  }

  override afterCommit(): Promise<void> {
    this.journal.push('afterCommit');
    return this.failure ? Promise.reject(this.failure) : Promise.resolve();
  }
}

function setUp() {
  const database = new FakeDatabase();
  const strategy = new RecordingStrategy(database.journal);
  const unitOfWork = new UnitOfWork<Notes>(database.dataSource, strategy);
  return { database, strategy, unitOfWork };
}

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
    expect(strategy.handedOver).toEqual([first, second]);
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

  it('a commit that fails emits nothing', async () => {
    const { database, unitOfWork } = setUp();
    const failure = new Error('could not serialize');
    database.refuseCommit(failure);
    const running = unitOfWork.run(emitting(noteWritten('a')));
    await expect(running).rejects.toBe(failure);
    expect(database.journal).toEqual(['begin', 'beforeCommit', 'rollback']);
  });

  it('an emit after the callback has ended throws', async () => {
    const { strategy, unitOfWork } = setUp();
    const transaction = await unitOfWork.run((open) => {
      open.emit(noteWritten('a'));
      return Promise.resolve(open);
    });
    expect(() => transaction.emit(noteWritten('late'))).toThrow(EmitOutsideTransactionError);
    expect(strategy.handedOver).toHaveLength(1);
  });

  it('an emit after the callback has failed throws too', async () => {
    const { unitOfWork } = setUp();
    let transaction: Transaction<Notes> | undefined;
    const running = unitOfWork.run((open) => {
      transaction = open;
      return Promise.reject(new Error('no'));
    });
    await expect(running).rejects.toThrow('no');
    expect(() => transaction?.emit(noteWritten('late'))).toThrow(EmitOutsideTransactionError);
  });

  it('a delivery that fails after the commit tells what is committed, which events, and why', async () => {
    const { database, strategy, unitOfWork } = setUp();
    strategy.failure = new Error('the connection closed');
    const event = noteWritten('a');
    const running = unitOfWork.run(({ emit }) => {
      emit(event);
      return Promise.resolve({ id: 7 });
    });
    const error = await running.catch((caught: unknown) => caught);
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
});
