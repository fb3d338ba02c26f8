import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, RecordedLog } from '@app/nats/testing';
import { FakeDatabase, JournalingMessageBus } from '../testing/fake-database.js';
import { emitting, notes, noteWritten, textsOf, type Notes } from '../testing/notes.js';
import {
  EventsUnconfirmedError,
  EventsUnpublishedError,
  NotBeforeUnsupportedError,
} from './outbox.errors.js';
import type { EventDelivery } from './strategies/event-delivery.js';
import { Tables } from './schema/tables.js';
import { createStrategy } from './strategies/create-strategy.js';
import {
  DirectRetryInMemoryStrategy,
  MEMORY_QUEUE_DEFAULTS,
  type MemoryQueueOptions,
} from './strategies/direct-retry-in-memory.strategy.js';
import { UnitOfWork } from './unit-of-work.js';

let log: RecordedLog;
const unhandled = jest.fn();

beforeAll(() => {
  log = RecordedLog.start();
  process.on('unhandledRejection', unhandled);
});
beforeEach(() => {
  log.lines.length = 0;
});
afterAll(() => {
  process.off('unhandledRejection', unhandled);
});

function setUp(delivery: EventDelivery) {
  const database = new FakeDatabase();
  const bus = new JournalingMessageBus(database.journal);
  const relay = { wake: () => void database.journal.push('wake') };
  const strategy = createStrategy(delivery, { bus, relay, tables: new Tables() });
  return { database, bus, strategy, unitOfWork: new UnitOfWork<Notes>(database.dataSource, strategy, notes) };
}

const [first, second] = [noteWritten('a', 'first'), noteWritten('b', 'second')];
const emitTwo = emitting(first, second);
const FAILURES = ['refuse', 'answer-unknown', 'not-connected'] as const;
const published = (bus: JournalingMessageBus) => textsOf(bus.published.map(({ payload }) => payload));
/** Long enough for a rejection that nobody handles to be announced. */
const aTurn = () => new Promise(setImmediate);

describe('delivery direct', () => {
  it('publishes after the commit and never before', async () => {
    const { database, bus, unitOfWork } = setUp('direct');
    await unitOfWork.run(emitTwo);
    expect(database.journal).toEqual(['begin', 'commit', 'publish note.written', 'publish note.written']);
    expect(published(bus)).toEqual(['first', 'second']);
  });

  it('publishes nothing when the commit fails', async () => {
    const { database, unitOfWork } = setUp('direct');
    database.refuseCommit(new Error('no'));
    await expect(unitOfWork.run(emitTwo)).rejects.toThrow('unknown');
    expect(database.journal).toEqual(['begin']);
  });

  it.each(FAILURES)('leaves a commit with unconfirmed events when the bus answers %s', async (answer) => {
    const { database, bus, unitOfWork } = setUp('direct');
    bus.answerWith(answer);
    await expect(unitOfWork.run(emitTwo)).rejects.toThrow(EventsUnconfirmedError);
    // The first failure ends it: the second event is not even tried.
    expect(database.journal).toEqual(['begin', 'commit', 'publish note.written']);
  });

  it('awaits the acknowledgement: the caller is not answered while the broker is silent', async () => {
    const { bus, unitOfWork } = setUp('direct');
    bus.answerWith('hang');
    const ended = jest.fn();
    void unitOfWork.run(emitTwo).then(ended, ended);
    await eventually('it is published', () => bus.published.length === 1);
    await aTurn();
    expect(ended).not.toHaveBeenCalled();
  });
});

describe('delivery direct-unawaited', () => {
  it('publishes all after the commit, and does not wait for a silent broker', async () => {
    const { database, bus, unitOfWork } = setUp('direct-unawaited');
    bus.answerWith('hang');
    await unitOfWork.run(emitTwo);
    expect(database.journal).toEqual(['begin', 'commit', 'publish note.written', 'publish note.written']);
  });

  it.each(FAILURES)(
    'tells the caller nothing when the bus answers %s; the late error is logged',
    async (answer) => {
      const { bus, unitOfWork } = setUp('direct-unawaited');
      bus.answerWith(answer);
      await expect(unitOfWork.run(emitTwo)).resolves.toBeUndefined();
      await eventually('both are logged', () => log.lines.length === 2);
      expect(log.lines[0]).toMatch(new RegExp(`^error note\\.written ${first.id} is lost: \\w*Error`));
      expect(log.lines[1]).toContain(second.id);
      await aTurn();
      expect(unhandled).not.toHaveBeenCalled();
    },
  );
});

describe('delivery direct-before-commit', () => {
  it('publishes inside the transaction', async () => {
    const { database, unitOfWork } = setUp('direct-before-commit');
    await unitOfWork.run(emitTwo);
    expect(database.journal).toEqual(['begin', 'publish note.written', 'publish note.written', 'commit']);
  });

  it.each(FAILURES)('rolls back when the bus answers %s', async (answer) => {
    const { database, bus, unitOfWork } = setUp('direct-before-commit');
    bus.answerWith(answer);
    const error = await unitOfWork.run(emitTwo).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(EventsUnpublishedError);
    expect(error).toMatchObject({ code: 'OUTBOX_EVENTS_UNPUBLISHED', events: [first, second] });
    expect((error as Error).cause).toBeInstanceOf(Error);
    expect(database.journal).toEqual(['begin', 'publish note.written', 'rollback']);
  });

  it('has told of what never happened when the commit fails', async () => {
    const { database, bus, unitOfWork } = setUp('direct-before-commit');
    database.refuseCommit(new Error('no'));
    await expect(unitOfWork.run(emitTwo)).rejects.toThrow('unknown');
    expect(published(bus)).toEqual(['first', 'second']);
  });
});

describe('delivery direct-retry-in-memory', () => {
  const strategies: DirectRetryInMemoryStrategy[] = [];

  afterEach(async () => {
    await Promise.all(strategies.splice(0).map((strategy) => strategy.stop()));
  });

  function withQueue(options: Partial<MemoryQueueOptions> = {}) {
    const database = new FakeDatabase();
    const bus = new JournalingMessageBus(database.journal);
    const quick = { ...MEMORY_QUEUE_DEFAULTS, retryFirstMs: 1, retryLongestMs: 2, drainMs: 50, ...options };
    const strategy = new DirectRetryInMemoryStrategy(bus, quick);
    strategies.push(strategy);
    return {
      database,
      bus,
      strategy,
      unitOfWork: new UnitOfWork<Notes>(database.dataSource, strategy, notes),
    };
  }

  it('answers at once, and publishes after the commit, in order', async () => {
    const { bus, database, strategy, unitOfWork } = withQueue();
    await unitOfWork.run(emitTwo);
    await eventually('nothing waits', () => strategy.waiting === 0);
    expect(published(bus)).toEqual(['first', 'second']);
    expect(database.journal.slice(0, 2)).toEqual(['begin', 'commit']);
  });

  it.each(FAILURES)('tries the first again while the bus answers %s, and then the rest', async (answer) => {
    const { bus, strategy, unitOfWork } = withQueue();
    bus.answerWith(answer);
    await unitOfWork.run(emitTwo);
    await eventually('it was tried thrice', () => bus.published.length >= 3);
    expect(new Set(published(bus))).toEqual(new Set(['first']));
    bus.answerWith('acknowledge');
    await eventually('nothing waits', () => strategy.waiting === 0);
    expect(published(bus).at(-1)).toBe('second');
    expect(log.lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  it('is idle in between: what comes after the queue was empty is published too', async () => {
    const { bus, strategy, unitOfWork } = withQueue();
    for (const text of ['1', '2', '3']) {
      await unitOfWork.run(emitting(noteWritten('a', text)));
      await eventually('nothing waits', () => strategy.waiting === 0);
    }
    expect(published(bus)).toEqual(['1', '2', '3']);
  });

  it('when full takes no more, before anything is committed', async () => {
    const { bus, database, strategy, unitOfWork } = withQueue({ eventsMax: 3 });
    bus.answerWith('hang');
    await unitOfWork.run(emitTwo);
    database.clear();
    const error = await unitOfWork.run(emitTwo).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(EventsUnpublishedError);
    expect(error).toMatchObject({ cause: { code: 'OUTBOX_MEMORY_QUEUE_FULL', eventsMax: 3 } });
    expect(String(error)).toContain('3 events wait in memory');
    expect(database.journal).toEqual(['begin', 'rollback']);
    // One more has room.
    await unitOfWork.run(emitting(noteWritten('a')));
    expect(strategy.waiting).toBe(3);
  });

  it('stop waits for what waits', async () => {
    const { bus, strategy, unitOfWork } = withQueue({ drainMs: 4_000 });
    bus.answerWith('not-connected');
    await unitOfWork.run(emitTwo);
    const stopping = strategy.stop();
    bus.answerWith('acknowledge');
    await stopping;
    expect(published(bus).at(-1)).toBe('second');
    expect(log.lines.join('\n')).not.toContain('lost with the process');
    await expect(strategy.stop()).resolves.toBeUndefined();
  });

  it.each(['hang', 'refuse'] as const)(
    'stop waits no longer than it may when the bus answers %s, and names what is lost',
    async (answer) => {
      const { bus, strategy, unitOfWork } = withQueue({ drainMs: 20 });
      bus.answerWith(answer);
      await unitOfWork.run(emitTwo);
      await strategy.stop();
      expect(log.lines.at(-1)).toMatch(/^error 2 events are lost with the process: /);
      expect(log.lines.at(-1)).toContain(first.id);
      const tried = bus.published.length;
      await expect(unitOfWork.run(emitTwo)).rejects.toMatchObject({
        cause: { code: 'OUTBOX_MEMORY_QUEUE_ENDED' },
      });
      expect(bus.published).toHaveLength(tried);
    },
  );

  it('what is committed while it stops is named as lost', async () => {
    const { bus, strategy } = withQueue();
    bus.answerWith('hang');
    await strategy.stop();
    await strategy.afterCommit([{ event: first, key: 'a', ordered: true }]);
    expect(log.lines.at(-1)).toContain(`1 events are lost with the process: note.written ${first.id}`);
    expect(bus.published).toEqual([]);
  });
});

describe('delivery outbox', () => {
  it('stores the events with one statement, wakes the relay after the commit, and publishes nothing', async () => {
    const { database, bus, unitOfWork } = setUp('outbox');
    await unitOfWork.run(emitTwo);
    expect(database.journal).toEqual(['begin', 'query', 'commit', 'wake']);
    expect(database.statements[0]?.sql).toContain('insert into outbox_message');
    expect(bus.published).toEqual([]);
  });

  it('needs no broker: events are taken while the bus is not connected', async () => {
    const { database, bus, unitOfWork } = setUp('outbox');
    bus.answerWith('not-connected');
    await unitOfWork.run(emitTwo);
    expect(database.journal).toContain('commit');
  });

  it('does not wake the relay for what is not committed', async () => {
    const { database, unitOfWork } = setUp('outbox');
    database.refuseCommit(new Error('no'));
    await expect(unitOfWork.run(emitTwo)).rejects.toThrow();
    expect(database.journal).toEqual(['begin', 'query']);
  });

  it('stores when an event may leave', async () => {
    const { database, unitOfWork } = setUp('outbox');
    const notBefore = new Date('2030-01-01T00:00:00Z');
    await unitOfWork.run(({ emit }) => Promise.resolve(emit(first, { notBefore })));
    expect(database.statements[0]?.parameters.flat()).toContainEqual(notBefore);
  });
});

describe('an event that is to leave later', () => {
  it.each(['direct', 'direct-unawaited', 'direct-before-commit', 'direct-retry-in-memory'] as const)(
    'is refused by delivery %s rather than published too early',
    async (delivery) => {
      const { database, unitOfWork } = setUp(delivery);
      const running = unitOfWork.run(({ emit }) => {
        emit(first);
        emit(second, { notBefore: new Date('2030-01-01T00:00:00Z') });
        return Promise.resolve();
      });
      await expect(running).rejects.toThrow(NotBeforeUnsupportedError);
      expect(database.journal).toEqual(['begin', 'rollback']);
    },
  );
});
