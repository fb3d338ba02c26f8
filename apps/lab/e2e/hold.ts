import { Client } from 'pg';
import { until } from '../src/parts/deadline.js';

/** Keeps whoever writes to one table of a service waiting, in the middle of a request or of a message's handler. */
export class Hold {
  private constructor(
    private readonly database: Client,
    private readonly table: string,
  ) {}

  static async on(table: string, databaseUrl: string): Promise<Hold> {
    const database = new Client({ connectionString: databaseUrl });
    await database.connect();
    await database.query(`begin; lock table ${table} in share mode`);
    return new Hold(database, table);
  }

  /** How many sessions wait for it. */
  async waiting(): Promise<number> {
    const { rows } = await this.database.query<{ waiting: number }>(
      'select count(*)::int as waiting from pg_locks where relation = $1::regclass and not granted',
      [this.table],
    );
    return rows[0]?.waiting ?? 0;
  }

  /** Waits until somebody waits for it. */
  async untilFelt(withinMs: number): Promise<void> {
    await until(`somebody to wait for ${this.table}`, withinMs, async () =>
      (await this.waiting()) > 0 ? true : undefined,
    );
  }

  /** Lets them go on. */
  async release(): Promise<void> {
    await this.database.end();
  }
}
