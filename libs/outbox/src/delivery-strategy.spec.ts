import { describe, expect, it, jest } from '@jest/globals';
import { FakeDatabase, JournalingMessageBus } from '../testing/fake-database.js';
import { emitting, noteWritten, textsOf, type Notes } from '../testing/notes.js';
import { EventsUnconfirmedError } from './outbox.errors.js';
import { RELAY_DEFAULTS } from './outbox.options.js';
import { Relay } from './relay.js';
import { DirectStrategy } from './strategies/direct.strategy.js';
import { OutboxStrategy } from './strategies/outbox.strategy.js';
import { UnitOfWork } from './unit-of-work.js';

function setUp(delivery: 'direct' | 'outbox') {
  const database = new FakeDatabase();
  const bus = new JournalingMessageBus(database.journal);
  const relay = new Relay(database.dataSource, bus, RELAY_DEFAULTS);
  const strategy = delivery === 'direct' ? new DirectStrategy(bus) : new OutboxStrategy(relay);
  return { database, bus, relay, unitOfWork: new UnitOfWork<Notes>(database.dataSource, strategy) };
}

const emitTwo = emitting(noteWritten('a', 'first'), noteWritten('b', 'second'));

describe('delivery direct', () => {
  it('direct publishes after the commit and never before', async () => {
    const { database, bus, unitOfWork } = setUp('direct');
    await unitOfWork.run(emitTwo);
    expect(database.journal).toEqual(['begin', 'commit', 'publish note.written', 'publish note.written']);
    expect(textsOf(bus.published.map(({ payload }) => payload))).toEqual(['first', 'second']);
  });

  it('a commit that fails publishes nothing', async () => {
    const { database, unitOfWork } = setUp('direct');
    database.refuseCommit(new Error('no'));
    await expect(unitOfWork.run(emitTwo)).rejects.toThrow('no');
    expect(database.journal).toEqual(['begin', 'rollback']);
  });

  it.each(['refuse', 'answer-unknown', 'not-connected'] as const)(
    'a publish that the bus answers with %s leaves a commit with unconfirmed events',
    async (answer) => {
      const { database, bus, unitOfWork } = setUp('direct');
      bus.answerWith(answer);
      await expect(unitOfWork.run(emitTwo)).rejects.toThrow(EventsUnconfirmedError);
      // The first failure ends it: the second event is not even tried.
      expect(database.journal).toEqual(['begin', 'commit', 'publish note.written']);
    },
  );

  it('awaits the acknowledgement: the caller is not answered while the broker is silent', async () => {
    const { bus, unitOfWork } = setUp('direct');
    bus.answerWith('hang');
    const publish = jest.spyOn(bus, 'publish');
    const ended = jest.fn();
    void unitOfWork.run(emitTwo).then(ended, ended);
    await new Promise(setImmediate);
    expect(publish).toHaveBeenCalledTimes(1);
    expect(ended).not.toHaveBeenCalled();
  });
});

describe('delivery outbox', () => {
  it('outbox never publishes', async () => {
    const { database, bus, unitOfWork } = setUp('outbox');
    const publish = jest.spyOn(bus, 'publish');
    await unitOfWork.run(emitTwo);
    expect(publish).not.toHaveBeenCalled();
    expect(database.journal).toEqual(['begin', 'query', 'commit']);
    expect(database.statements[0]?.sql).toContain('insert into outbox_message');
  });

  it('needs no broker: events are taken while the bus is not connected', async () => {
    const { database, bus, unitOfWork } = setUp('outbox');
    bus.answerWith('not-connected');
    await unitOfWork.run(emitTwo);
    expect(database.journal).toEqual(['begin', 'query', 'commit']);
  });

  it('wakes the relay after the commit, not before', async () => {
    const { database, relay, unitOfWork } = setUp('outbox');
    jest.spyOn(relay, 'wake').mockImplementation(() => void database.journal.push('wake'));
    await unitOfWork.run(emitTwo);
    expect(database.journal).toEqual(['begin', 'query', 'commit', 'wake']);
  });
});
