import { FakeMessageBus } from '@app/nats/testing';
import { DataSource } from 'typeorm';
import {
  CreateOutbox1767225600000,
  migrate,
  Relay,
  RELAY_DEFAULTS,
  UnitOfWork,
  type DeliveryStrategy,
  type RelayOptions,
} from '../src/index.js';
import { OutboxStrategy } from '../src/strategies/outbox.strategy.js';
import { emitting, type noteWritten, type Notes } from './notes.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

/** A row of `outbox_message`, as far as specs look at it. */
export interface MessageRow {
  readonly id: string;
  readonly key: string;
  readonly sequence: number;
  readonly text: string;
  readonly attempts: number;
  readonly sent: boolean;
}

/** An outbox in a database of its own, for the integration specs of this library. */
export class OutboxFixture {
  private readonly opened: DataSource[] = [];

  private constructor(
    private readonly database: TestDatabase,
    /** The connections of the writers and of the spec itself. */
    readonly dataSource: DataSource,
  ) {}

  static async create(): Promise<OutboxFixture> {
    const database = await createTestDatabase();
    const dataSource = await openDataSource(database.url).initialize();
    await migrate(dataSource);
    await dataSource.query('create table note (text text primary key)');
    return new OutboxFixture(database, dataSource);
  }

  /** A pool of connections of somebody else's: another instance of the service. */
  async open(): Promise<DataSource> {
    const dataSource = await openDataSource(this.database.url).initialize();
    this.opened.push(dataSource);
    return dataSource;
  }

  /** A relay that is not started. */
  relay(bus: FakeMessageBus, options: Partial<RelayOptions> = {}, dataSource = this.dataSource): Relay {
    return new Relay(dataSource, bus, { ...RELAY_DEFAULTS, ...options });
  }

  /** A unit of work that stores its events, and wakes a relay that never runs. */
  unitOfWork(strategy: DeliveryStrategy = this.strategy()): UnitOfWork<Notes> {
    return new UnitOfWork<Notes>(this.dataSource, strategy);
  }

  strategy(): OutboxStrategy {
    return new OutboxStrategy(this.relay(new FakeMessageBus()));
  }

  /** Emits these events, in one transaction. */
  async emit(...events: ReturnType<typeof noteWritten>[]): Promise<void> {
    await this.unitOfWork().run(emitting(...events));
  }

  /** What is in the outbox, by key and sequence. */
  async messages(): Promise<MessageRow[]> {
    return this.dataSource.query(`
      select id, key, sequence::int, envelope::json #>> '{data,text}' as text, attempts,
             sent_at is not null as sent
      from outbox_message order by key, sequence`);
  }

  async unsent(): Promise<number> {
    return (await this.messages()).filter(({ sent }) => !sent).length;
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
    await this.dataSource.query(`
      set local lock_timeout = '3s'; truncate outbox_key, outbox_message, inbox_message, note`);
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
    migrations: [CreateOutbox1767225600000],
    migrationsTransactionMode: 'each',
  });
}
