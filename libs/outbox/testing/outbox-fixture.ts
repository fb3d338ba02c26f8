import { FakeMessageBus } from '@app/nats/testing';
import type { MessageBus } from '@app/nats';
import { DataSource, type EntityManager } from 'typeorm';
import type { EmittedEvent } from '../src/emitted-event.js';
import { RELAY_DEFAULTS, type EventTypesOptions, type RelayOptions } from '../src/outbox.options.js';
import { Relay } from '../src/relay/relay.js';
import type { DeliveryStrategy } from '../src/delivery-strategy.js';
import { migrate } from '../src/migrate.js';
import { outboxMigration } from '../src/schema/outbox.migration.js';
import { Tables } from '../src/schema/tables.js';
import { storeMessages } from '../src/sql/store-messages.js';
import { OutboxStrategy } from '../src/strategies/outbox.strategy.js';
import { UnitOfWork } from '../src/unit-of-work.js';
import { notes, type noteWritten, type Notes } from './notes.js';
import { emptyTables } from './empty-tables.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

/** A stored message, as far as specs look at it. */
export interface MessageRow {
  readonly id: string;
  readonly key: string;
  readonly sequence: number;
  readonly text: string;
  readonly attempts: number;
  readonly state: 'pending' | 'settled' | 'parked';
}

/** How a spec's relay differs from the default one. */
export interface FixtureRelayOptions extends Partial<RelayOptions> {
  readonly types?: EventTypesOptions;
  readonly dataSource?: DataSource;
}

const TABLES = [
  ...['outbox_key', 'outbox_lane', 'outbox_lease', 'outbox_message', 'outbox_parked'],
  ...['inbox_message', 'inbox_key', 'inbox_dead_letter', 'inbox_redelivery', 'note'],
];

/** An outbox in a database of its own, for the integration specs of this library. */
export class OutboxFixture {
  readonly tables = new Tables();
  private readonly opened: DataSource[] = [];

  private constructor(
    private readonly database: TestDatabase,
    /** The connections of the writers and of the spec itself. */
    readonly dataSource: DataSource,
  ) {}

  static async create(): Promise<OutboxFixture> {
    const database = await createTestDatabase();
    const dataSource = await openDataSource(database.url).initialize();
    const fixture = new OutboxFixture(database, dataSource);
    await migrate(dataSource);
    await dataSource.query('create table note (text text primary key)');
    return fixture;
  }

  /** A pool of connections of somebody else's: another instance of the service. */
  async open(): Promise<DataSource> {
    const dataSource = await openDataSource(this.database.url).initialize();
    this.opened.push(dataSource);
    return dataSource;
  }

  /** A relay that is not started. */
  relay(bus: MessageBus = new FakeMessageBus(), options: FixtureRelayOptions = {}): Relay {
    const { types = {}, dataSource = this.dataSource, ...rest } = options;
    const { tables } = this;
    return new Relay({ dataSource, tables, bus, types, options: { ...RELAY_DEFAULTS, ...rest } });
  }

  /** A unit of work that stores its events, and wakes nobody. */
  unitOfWork(strategy: DeliveryStrategy = this.strategy()): UnitOfWork<Notes> {
    return new UnitOfWork<Notes>(this.dataSource, strategy, notes);
  }

  strategy(): OutboxStrategy {
    return new OutboxStrategy(this.tables, { wake: () => undefined });
  }

  /** Stores these events, in one transaction that ends when the callback does. */
  async emit(...events: (ReturnType<typeof noteWritten> | EmittedEvent)[]): Promise<void> {
    await this.dataSource.transaction((manager) => this.store(manager, ...events));
  }

  /** Stores these events in an open transaction, as the outbox's strategy does before the commit. */
  async store(
    manager: EntityManager,
    ...events: (ReturnType<typeof noteWritten> | EmittedEvent)[]
  ): Promise<void> {
    const emitted = events.map((event) =>
      'event' in event ? event : { event, key: event.partitionkey, ordered: true },
    );
    await storeMessages(this.tables.on(manager), emitted);
  }

  /** What is in the outbox, by key and sequence. */
  async messages(): Promise<MessageRow[]> {
    return this.dataSource.query(`
      select id, key, sequence::int, envelope::json #>> '{data,text}' as text,
             case when sequence = lane.settled_sequence + 1 then lane.attempts else outbox_message.attempts end as attempts,
             case when parked.id is not null then 'parked'
                  when sequence > lane.settled_sequence then 'pending' else 'settled' end as state
      from outbox_message
      left join (select key, settled_sequence, attempts from outbox_lane) as lane using (key)
      left join (select id from outbox_parked) as parked using (id)
      order by key, sequence`);
  }

  async unsent(): Promise<number> {
    return (await this.messages()).filter(({ state }) => state === 'pending').length;
  }

  /** The one number of a query. */
  async count(sql: string, parameters: unknown[] = []): Promise<number> {
    const [row] = await this.dataSource.query<{ count: string }[]>(sql, parameters);
    return Number(row?.count);
  }

  /** How many statements of this database wait for a lock that another transaction holds. */
  waitingForLocks(): Promise<number> {
    return this.count(
      `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
  }

  /** Empties the tables between two tests; says so when one has left a transaction open. */
  async clear(): Promise<void> {
    await emptyTables(this.dataSource, TABLES);
  }

  async drop(): Promise<void> {
    const all = [this.dataSource, ...this.opened].filter((dataSource) => dataSource.isInitialized);
    await Promise.all(all.map((dataSource) => dataSource.destroy()));
    await this.database.drop();
  }
}

function openDataSource(url: string): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    poolSize: 12,
    migrations: [outboxMigration({ retention: { inboxKeepDays: 1, aheadDays: 1 } })],
    migrationsTransactionMode: 'each',
  });
}
