import { Client } from 'pg';
import { readRows } from '../../parts/sql.js';

const LOCK_WAITS = `
  select count(*)::int as waits from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock'`;

/** A lock that the lab itself holds in a service's database. */
export class Lock {
  private constructor(
    private readonly database: Client,
    /** How many rows its statement has locked. */
    readonly rows: number,
  ) {}

  /** Begins a transaction with a statement that locks. */
  static async on(databaseUrl: string, statement: string, ...values: readonly string[]): Promise<Lock> {
    const database = new Client({ connectionString: databaseUrl });
    await database.connect();
    try {
      await database.query('begin');
      const { rowCount } = await database.query(statement, [...values]);
      return new Lock(database, rowCount ?? 0);
    } catch (error) {
      await database.end();
      throw error;
    }
  }

  /** Lets those go that wait for it. Safe to call twice. */
  release(): Promise<void> {
    return (this.released ??= this.database.end());
  }

  private released: Promise<void> | undefined;
}

/** How many sessions of a database wait for a lock. */
export async function lockWaits(databaseUrl: string): Promise<number> {
  const [row] = await readRows<{ waits: number }>(databaseUrl, LOCK_WAITS);
  return row?.waits ?? 0;
}
