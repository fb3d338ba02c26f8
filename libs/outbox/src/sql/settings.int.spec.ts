import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CloudEvent } from '@app/nats';
import { eventually, FakeMessageBus, RecordedLog } from '@app/nats/testing';
import { DataSource } from 'typeorm';
import { emitting, notes, noteWritten, textsOf } from '../../testing/notes.js';
import { OutboxFixture } from '../../testing/outbox-fixture.js';
import { firstNumbers, sequencesByKey } from '../../testing/sequences.js';
import { createTestDatabase, type TestDatabase } from '../../testing/test-database.js';
import { migrate } from '../migrate.js';
import { RELAY_DEFAULTS, type RelayOptions } from '../outbox.options.js';
import { Relay } from '../relay/relay.js';
import { outboxMigration } from '../schema/outbox.migration.js';
import { Tables, type TableNames } from '../schema/tables.js';
import { UnitOfWork } from '../unit-of-work.js';
import { storeMessages } from './store-messages.js';

const RELAYS = 3;
const BOOKS = 6;

let log: RecordedLog;

beforeEach(() => {
  log = RecordedLog.start();
});

describe.each(['repeatable read', 'serializable'])(
  'a database whose default isolation is %s',
  (isolation) => {
    let fixture: OutboxFixture;

    beforeAll(async () => {
      fixture = await OutboxFixture.create();
      await fixture.dataSource.query(`
      do $$ begin
        execute format('alter database %I set default_transaction_isolation = %L', current_database(), '${isolation}');
      end $$`);
    });
    afterAll(() => fixture.drop());

    it('works as any other: relays repeat what it refuses, and nobody is told of a fault', async () => {
      const bus = new FakeMessageBus();
      const [writers, ...pools] = await Promise.all(Array.from({ length: RELAYS + 1 }, () => fixture.open()));
      expect(await writers!.query('show transaction_isolation')).toEqual([
        { transaction_isolation: isolation },
      ]);
      const pace = { lanesMax: 2, runMax: 2, pollFirstMs: 1, pollLongestMs: 2, recoverMs: 5 };
      const relays = pools.map((dataSource) => fixture.relay(bus, { ...pace, dataSource }));
      const unitOfWork = new UnitOfWork(writers!, fixture.strategy(), notes);
      for (const relay of relays) relay.start();
      const committed: string[] = [];
      try {
        await Promise.all(
          Array.from({ length: BOOKS }, async (_, book) => {
            for (let n = 0; n < 15; n++) {
              const event = noteWritten(`book ${book}`);
              // The unit of work repeats a conflict up to its cap, and fails loudly then.
              await unitOfWork.run(emitting(event)).then(
                () => committed.push(event.id),
                (error: unknown) => expect(String(error)).toMatch(/could not serialize/),
              );
            }
          }),
        );
        await eventually(
          'no lane is left',
          async () => (await fixture.count('select count(*) from outbox_lane')) === 0,
        );
      } finally {
        await Promise.all(relays.map((relay) => relay.stop()));
      }
      const events = bus.published.map(({ payload }) => JSON.parse(payload) as CloudEvent);
      expect(events.map(({ id }) => id).toSorted()).toEqual(committed.toSorted());
      expect(committed.length).toBeGreaterThan(BOOKS);
      for (const ofBook of sequencesByKey(events).values())
        expect(ofBook).toEqual(firstNumbers(ofBook.length));
      expect(await fixture.count('select count(*) from outbox_lease')).toBe(0);
      expect(log.lines.filter((line) => !line.startsWith('log'))).toEqual([]);
    });
  },
);

describe('an outbox in another schema and with a prefix', () => {
  let database: TestDatabase;
  const opened: DataSource[] = [];

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((dataSource) => dataSource.destroy()));
    await database.drop();
  });

  async function outboxIn(names: TableNames) {
    const migrations = [outboxMigration({ tables: names, retention: { inboxKeepDays: 1, aheadDays: 1 } })];
    // Two services in one database keep their migrations apart.
    const migrationsTableName = `migrations_${names.prefix ?? ''}`;
    const url = { type: 'postgres', url: database.url } as const;
    const dataSource = new DataSource({ ...url, poolSize: 3, migrations, migrationsTableName });
    opened.push(await dataSource.initialize());
    await migrate(dataSource);
    const tables = new Tables(names);
    const bus = new FakeMessageBus();
    return {
      bus,
      dataSource,
      emit: (...texts: string[]) => {
        const events = texts.map((text) => ({ event: noteWritten('a', text), key: 'a', ordered: true }));
        return dataSource.transaction((manager) => storeMessages(tables.on(manager), events));
      },
      relay: (options: Partial<RelayOptions> = {}) =>
        new Relay({ dataSource, tables, bus, options: { ...RELAY_DEFAULTS, ...options } }),
    };
  }

  it('holds a whole life: stored, claimed, refused, recovered, parked, settled; and nothing stands elsewhere', async () => {
    const { bus, dataSource, emit, relay } = await outboxIn({ schema: 'x', prefix: 'p_' });
    await emit('1', '2');
    expect(await relay().deliverBatch()).toEqual({ sent: 2, failed: 0 });
    await emit('poison', 'behind');
    bus.answerWith('refuse');
    const refused = relay({ failuresMax: 2, retryFirstMs: 1, retryLongestMs: 1 });
    await eventually('it is given up', async () => {
      await refused.recover();
      await refused.deliverBatch();
      return (await dataSource.query<object[]>('select * from x.p_outbox_parked')).length === 1;
    });
    expect(textsOf(bus.published.map(({ payload }) => payload))).toEqual(['1', '2', 'poison', 'poison']);
    const elsewhere = await dataSource.query<object[]>(`
      select schemaname, tablename from pg_tables
      where tablename ~ '(outbox|inbox)_' and (schemaname <> 'x' or tablename !~ '^p_')
      union all
      select schemaname, indexname from pg_indexes
      where tablename ~ '(outbox|inbox)_' and indexname ~ '(outbox|inbox)_' and schemaname <> 'x'`);
    expect(elsewhere).toEqual([]);
  });

  it('knows nothing of another one in its database', async () => {
    const plain = await outboxIn({ schema: 'one' });
    const prefixed = await outboxIn({ schema: 'one', prefix: 'p_' });
    await plain.emit('plain');
    await prefixed.emit('prefixed');
    expect(await plain.relay().deliverBatch()).toEqual({ sent: 1, failed: 0 });
    expect(textsOf(plain.bus.published.map(({ payload }) => payload))).toEqual(['plain']);
    expect(await prefixed.relay().deliverBatch()).toEqual({ sent: 1, failed: 0 });
    expect(textsOf(prefixed.bus.published.map(({ payload }) => payload))).toEqual(['prefixed']);
  });
});
