import type { TableContents } from './journal.js';
import { RealSession } from './real-session.js';
import { DRAWN } from './recorder.js';
import { textOf, type TextRow } from './row-texts.js';

/**
 * The clock and the dice of the journal's server in the place of PostgreSQL's own: whatever is not told in which schema
 * it is, is looked for here first. The clock is a sequence, since no snapshot and no rollback keeps that from moving,
 * and an unlogged one, since that draws no transaction id.
 */
const SURROUNDINGS = `
  create schema simulated;
  create unlogged sequence simulated.clock;
  create function simulated.clock_timestamp() returns timestamptz language sql volatile as
    $$ select 'epoch'::timestamptz + last_value * interval '1 microsecond' from simulated.clock $$;
  create function simulated.statement_timestamp() returns timestamptz language sql stable as
    $$ select 'epoch'::timestamptz + current_setting('simulated.arrived')::bigint * interval '1 microsecond' $$;
  create function simulated.random() returns float8 language sql volatile as $$ select ${DRAWN}::float8 $$;`;

/** A database of PostgreSQL with a service's tables, its sessions, and one that looks on. */
export class RealDatabase {
  private readonly idle: RealSession[] = [];
  private readonly all: RealSession[] = [];

  private constructor(
    private readonly url: string,
    private readonly monitor: RealSession,
  ) {
    this.all.push(monitor);
  }

  /** @param url of an empty database that nobody else uses */
  static async make(url: string, migrations: readonly string[]): Promise<RealDatabase> {
    const monitor = await RealSession.connect(url);
    const { client } = monitor;
    await client.query(SURROUNDINGS);
    for (const text of migrations) await client.query(text);
    const partitioned = await client.query<{ name: string }>(
      `select relname as name from pg_class where relkind = 'p'`,
    );
    // One for all days, as the seeded database has it.
    for (const { name } of partitioned.rows) {
      await client.query(`create table ${name}_of_all_days partition of ${name} default`);
    }
    return new RealDatabase(url, monitor);
  }

  async end(): Promise<void> {
    await Promise.all(this.all.map(({ client }) => client.end()));
  }

  /** A session in which a transaction has begun. */
  async begin(): Promise<RealSession> {
    let session = this.idle.pop();
    if (!session) this.all.push((session = await RealSession.connect(this.url)));
    await session.client.query('begin');
    return session;
  }

  giveBack(session: RealSession): void {
    this.idle.push(session);
  }

  /** Ends whatever it is asked, and its transaction. */
  async abandon(session: RealSession): Promise<void> {
    if (session.pending) {
      await this.monitor.value('select pg_cancel_backend($1)', [session.processId]);
      await session.answer();
    }
    session.waitsFrom = undefined;
    await session.ask('rollback');
    this.giveBack(session);
  }

  async isBlocked({ processId }: RealSession): Promise<boolean> {
    const blocked = await this.monitor.value('select cardinality(pg_blocking_pids($1)) > 0', [processId]);
    return blocked === 't';
  }

  /** Those of some sessions that wait for this one, and for nobody in front of them. */
  async waitersOf({ processId }: RealSession, sessions: readonly RealSession[]): Promise<RealSession[]> {
    const ids = await this.monitor.value(
      'select array_agg(id) from unnest($1::int[]) as id where $2 = any (pg_blocking_pids(id))',
      [sessions.map((session) => session.processId), processId],
    );
    const found = new Set((ids ?? '').match(/\d+/g)?.map(Number));
    return sessions.filter((session) => found.has(session.processId));
  }

  /** Empties the tables and fills them; neither a guard nor a foreign key looks at it. */
  async load(tables: readonly TableContents[]): Promise<void> {
    const { client } = this.monitor;
    await client.query('set session_replication_role = replica');
    await client.query(`truncate ${tables.map(({ name }) => name).join(', ')}`);
    for (const table of tables) await this.fill(table);
    await client.query('set session_replication_role = origin');
  }

  /** The columns of every row. */
  async contents(table: string, columns: readonly string[]): Promise<readonly TextRow[]> {
    const outcome = await this.monitor.ask(`select ${columns.join(', ')} from ${table}`);
    if ('error' in outcome) throw new Error(`${table}: ${outcome.error}`);
    return outcome.rows;
  }

  private async fill({ name, columns, rows }: TableContents): Promise<void> {
    const { client } = this.monitor;
    const names = columns.map((column) => column.name).join(', ');
    const places = columns.map((_, index) => `$${index + 1}`).join(', ');
    for (const row of rows) {
      await client.query(
        `insert into ${name} (${names}) overriding system value values (${places})`,
        row.map((value, index) => textOf(value, columns[index]?.type)),
      );
    }
    for (const { name: column } of columns.filter(({ identity }) => identity)) {
      const next = [name, column, rows.length + 1];
      await client.query('select setval(pg_get_serial_sequence($1, $2), $3, false)', next);
    }
  }
}
