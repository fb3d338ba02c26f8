import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, FakeMessageBus } from '@app/nats/testing';
import type { EntityManager } from 'typeorm';
import { Gate } from '../testing/gate.js';
import { emitting, noteWritten, textsOf } from '../testing/notes.js';
import { OutboxFixture } from '../testing/outbox-fixture.js';
import { DeliveryStrategy } from './delivery-strategy.js';
import type { EmittedEvent } from './emitted-event.js';

/** Longer than {@link eventually} waits, so that it is the one to say what did not happen. */
jest.setTimeout(30_000);

let fixture: OutboxFixture;

beforeAll(async () => {
  fixture = await OutboxFixture.create();
});
afterEach(() => fixture.clear());
afterAll(() => fixture.drop());

const notes = () => fixture.count('select count(*) from note');

/** Stores as the outbox does, and then keeps the transaction open until the gate opens. */
class SlowCommit extends DeliveryStrategy {
  stored = false;
  constructor(private readonly gate: Gate) {
    super();
  }

  override async beforeCommit(manager: EntityManager, events: readonly EmittedEvent[]): Promise<void> {
    await fixture.strategy().beforeCommit(manager, events);
    this.stored = true;
    await this.gate.opened;
  }

  override async afterCommit(): Promise<void> {}
}

describe('a transaction and its events', () => {
  it('row and event are committed together', async () => {
    await fixture.unitOfWork().run(async ({ manager, emit }) => {
      await manager.query(`insert into note values ('hello')`);
      emit(noteWritten('a', 'hello'));
    });
    expect(await notes()).toBe(1);
    expect(await fixture.messages()).toMatchObject([
      { key: 'a', sequence: 1, text: 'hello', state: 'pending', attempts: 0 },
    ]);
  });

  it('neither is there when the callback fails', async () => {
    const running = fixture.unitOfWork().run(async ({ manager, emit }) => {
      await manager.query(`insert into note values ('hello')`);
      emit(noteWritten('a', 'hello'));
      throw new Error('no');
    });
    await expect(running).rejects.toThrow('no');
    expect([await notes(), await fixture.messages()]).toEqual([0, []]);
  });

  it('neither is there when the event cannot be stored', async () => {
    const event = noteWritten('a', 'hello');
    const running = fixture.unitOfWork().run(async ({ manager, emit }) => {
      await manager.query(`insert into note values ('hello')`);
      emit(event);
      emit(event);
    });
    await expect(running).rejects.toThrow('Not a valid note.written event');
    expect([await notes(), await fixture.messages()]).toEqual([0, []]);
  });

  it('neither is there when the commit fails', async () => {
    await fixture.dataSource.query(`
      create table parent (id int primary key);
      create table child (id int references parent deferrable initially deferred)`);
    const running = fixture.unitOfWork().run(async ({ manager, emit }) => {
      await manager.query(`insert into note values ('hello')`);
      await manager.query('insert into child values (404)');
      emit(noteWritten('a', 'hello'));
    });
    await expect(running).rejects.toThrow('violates foreign key constraint');
    expect([await notes(), await fixture.messages()]).toEqual([0, []]);
  });

  it('the events of a transaction are written by exactly one statement', async () => {
    const { logger } = fixture.dataSource;
    const statements: string[] = [];
    const queries = jest.spyOn(logger, 'logQuery').mockImplementation((sql) => void statements.push(sql));
    try {
      await fixture.emit(...Array.from({ length: 50 }, (_, n) => noteWritten(`book ${n % 7}`, `${n}`)));
    } finally {
      queries.mockRestore();
    }
    expect(statements.map((sql) => sql.trim().split(/\s/)[0])).toEqual(['START', 'with', 'COMMIT']);
    expect(await fixture.messages()).toHaveLength(50);
  });

  it('events keep the order of their emits within each key, and each key counts for itself', async () => {
    await fixture.emit(noteWritten('b', '1'));
    await fixture.emit(
      noteWritten('b', '2'),
      noteWritten('a', '3'),
      noteWritten('b', '4'),
      noteWritten('a', '5'),
      noteWritten('b', '6'),
    );
    const rows = (await fixture.messages()).map(({ key, sequence, text }) => `${key}${sequence}=${text}`);
    expect(rows).toEqual(['a1=3', 'a2=5', 'b1=1', 'b2=2', 'b3=4', 'b4=6']);
  });

  it('what is stored is the event itself, to the letter', async () => {
    const event = noteWritten('a', 'quotes " and \\, zero \u0000, and ünïcödé 🎉');
    await fixture.emit(event);
    const [row] = await fixture.dataSource.query<{ envelope: string }[]>(
      'select envelope from outbox_message',
    );
    expect(JSON.parse(row?.envelope ?? '')).toEqual(event);
  });
});

describe('writers of one key that overlap', () => {
  it('are numbered in the order of their commits, without a gap, and all of them are published', async () => {
    const bus = new FakeMessageBus();
    const relay = fixture.relay(bus);
    const gate = new Gate();
    const slow = new SlowCommit(gate);
    await fixture.emit(noteWritten('a', 'first'));

    const slowly = fixture.unitOfWork(slow).run(emitting(noteWritten('a', 'second, committed late')));
    await eventually('the slow writer has stored its event', () => slow.stored);
    const behind = fixture.emit(noteWritten('a', 'third'));
    await eventually('the writer behind it waits', async () => (await fixture.waitingForLocks()) === 1);
    const failing = fixture.unitOfWork().run(async ({ emit, manager }) => {
      emit(noteWritten('a', 'never'));
      await manager.query('select 1 / 0');
    });
    await expect(failing).rejects.toThrow('division by zero');

    // What is committed leaves, whoever holds the key; what is not, is not read half-way.
    await fixture.emit(noteWritten('b', 'another key'));
    await relay.deliverBatch();
    expect(textsOf(bus.published.map(({ payload }) => payload)).toSorted()).toEqual(['another key', 'first']);
    expect(await relay.deliverBatch()).toEqual({ sent: 0, failed: 0 });

    gate.open();
    await Promise.all([slowly, behind]);
    await fixture.emit(noteWritten('a', 'fourth'));
    while ((await relay.deliverBatch()).sent > 0);

    const rows = (await fixture.messages()).filter(({ key }) => key === 'a');
    expect(rows.map(({ sequence, text }) => `${sequence} ${text}`)).toEqual([
      '1 first',
      '2 second, committed late',
      '3 third',
      '4 fourth',
    ]);
    const published = textsOf(bus.published.map(({ payload }) => payload)).filter(
      (text) => text !== 'another key',
    );
    expect(published).toEqual(['first', 'second, committed late', 'third', 'fourth']);
    expect(await fixture.unsent()).toBe(0);
  });

  it('a writer that rolls back after it has drawn a number leaves no gap', async () => {
    const gate = new Gate();
    const slow = new SlowCommit(gate);
    const rolledBack = fixture.dataSource.transaction(async (manager) => {
      await slow.beforeCommit(manager, [{ event: noteWritten('a', 'never'), key: 'a', ordered: true }]);
      throw new Error('no');
    });
    await eventually('the number is drawn', () => slow.stored);
    const behind = fixture.emit(noteWritten('a', 'kept'));
    await eventually('the writer behind it waits', async () => (await fixture.waitingForLocks()) === 1);
    gate.open();
    await expect(rolledBack).rejects.toThrow('no');
    await behind;
    expect(await fixture.messages()).toMatchObject([{ sequence: 1, text: 'kept' }]);
  });

  it('that emit for the same keys in opposite order do not deadlock', async () => {
    const keys = Array.from({ length: 20 }, (_, n) => `book ${n}`);
    const rounds = Array.from({ length: 40 }, (_, n) => (n % 2 ? keys : keys.toReversed()));
    await Promise.all(rounds.map((books) => fixture.emit(...books.map((book) => noteWritten(book)))));
    expect(await fixture.messages()).toHaveLength(rounds.length * keys.length);
  });
});
