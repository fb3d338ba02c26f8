import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { DeliveryStrategy } from '../src/delivery-strategy.js';
import type { EmittedEvent } from '../src/emitted-event.js';
import { CREATE_INBOX } from '../src/inbox/create-inbox.sql.js';
import { Inbox } from '../src/inbox/inbox.js';
import { makePartitions } from '../src/retention/partitions.js';
import { RETENTION_DEFAULTS, type RetentionOptions } from '../src/retention/retention.options.js';
import { Retention } from '../src/retention/retention.js';
import { CREATE_OUTBOX } from '../src/schema/create-outbox.sql.js';
import { Tables, type Sql, type TableNames } from '../src/schema/tables.js';
import { UnitOfWork } from '../src/unit-of-work.js';
import { notes, noteWritten, type Notes } from './notes.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

/** The specs' own clock stands in front of PostgreSQL's, so that days can pass in a test. */
const CLOCK = `
  create table clock (at timestamptz);
  create function clock_timestamp() returns timestamptz language sql volatile as
    'select coalesce((select at from public.clock), pg_catalog.clock_timestamp())'`;

/** Writes the texts of emitted events beside the other notes. */
class NotingStrategy extends DeliveryStrategy {
  override async beforeCommit(manager: EntityManager, events: readonly EmittedEvent[]): Promise<void> {
    for (const { event } of events) {
      await manager.query('insert into note values ($1)', [(event.data as { text: string }).text]);
    }
  }

  override afterCommit(): Promise<void> {
    return Promise.resolve();
  }
}

/** Inbox, outbox tables and retention in a database of their own, whose clock the spec sets. */
export class InboxFixture {
  readonly tables: Tables;
  readonly sql: Sql;
  private readonly opened: DataSource[] = [];

  private constructor(
    private readonly database: TestDatabase,
    readonly dataSource: DataSource,
    names: TableNames,
    /** Every statement that the spec's own data source was asked for. */
    readonly statements: string[],
  ) {
    this.tables = new Tables(names);
    this.sql = this.tables.on(dataSource);
  }

  /** @param at what the database's clock shows; by default it goes as usual */
  static async create({ at, ...names }: TableNames & { readonly at?: string } = {}): Promise<InboxFixture> {
    const database = await createTestDatabase();
    const statements: string[] = [];
    const dataSource = await openDataSource(database.url, statements).initialize();
    const fixture = new InboxFixture(database, dataSource, names, statements);
    await dataSource.query(CLOCK);
    await dataSource.query('create table note (text text primary key)');
    if (names.schema) await dataSource.query(`create schema ${names.schema}`);
    if (at) await fixture.setClock(at);
    for (const statement of [...CREATE_OUTBOX, ...CREATE_INBOX]) await fixture.sql.query(statement);
    await makePartitions(fixture.sql, RETENTION_DEFAULTS);
    return fixture;
  }

  /** From now on the database's clock stands still at this time (RFC 3339). */
  async setClock(at: string): Promise<void> {
    await this.dataSource.query('delete from clock');
    await this.dataSource.query('insert into clock values ($1)', [at]);
  }

  /** A pool of connections of somebody else's: another instance of the service. */
  async open(): Promise<DataSource> {
    const dataSource = await openDataSource(this.database.url, []).initialize();
    this.opened.push(dataSource);
    return dataSource;
  }

  inbox(dataSource = this.dataSource): Inbox<Notes> {
    const unitOfWork = new UnitOfWork<Notes>(dataSource, new NotingStrategy(), notes, {});
    return new Inbox<Notes>(unitOfWork, dataSource, this.tables);
  }

  retention(options: Partial<RetentionOptions> = {}, dataSource = this.dataSource): Retention {
    return new Retention(dataSource, this.tables, { ...RETENTION_DEFAULTS, ...options });
  }

  /** The one number of a query. */
  async count(query: string, parameters: unknown[] = []): Promise<number> {
    const [row] = await this.sql.query<{ count: string }[]>(query, parameters);
    return Number(row?.count);
  }

  /** The names of a table's partitions, without its own, in order: `p20261122`. */
  async partitions(table: 'outbox_message' | 'inbox_message'): Promise<string[]> {
    const rows = await this.sql.query<{ name: string }[]>(`
      select substring(relname from 'p[0-9]{8}$') as name
      from pg_inherits join pg_class on oid = inhrelid where inhparent = '${table}'::regclass order by 1`);
    return rows.map(({ name }) => name);
  }

  /** How many statements of this database wait for a lock that another transaction holds. */
  waitingForLocks(): Promise<number> {
    return this.count(
      `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
  }

  async drop(): Promise<void> {
    await Promise.all([this.dataSource, ...this.opened].map((dataSource) => dataSource.destroy()));
    await this.database.drop();
  }
}

/** An event whose id was drawn at this time. */
export function noteOf(book: string, at: Date | string, text = 'hello') {
  return { ...noteWritten(book, text), id: uuidv7({ msecs: new Date(at).getTime() }) };
}

function openDataSource(url: string, statements: string[]): DataSource {
  const ignore = () => undefined;
  return new DataSource({
    type: 'postgres',
    url,
    poolSize: 12,
    extra: { options: '-c search_path=public,pg_catalog' },
    logger: {
      logQuery: (query: string) => void statements.push(query),
      logQueryError: ignore,
      logQuerySlow: ignore,
      logSchemaBuild: ignore,
      logMigration: ignore,
      log: ignore,
    },
  });
}
