import { Client, type QueryResult } from 'pg';

/** The clock and the dice of the journal come first: see `real-database.ts`. */
export const SEARCH_PATH = 'simulated, public, pg_catalog';

/** What PostgreSQL has answered, with every value as its text. */
export type RealOutcome =
  | {
      readonly columns: readonly { readonly name: string; readonly type: number }[];
      readonly rows: readonly (readonly (string | null)[])[];
      /** How many rows it has written, or found. */
      readonly count: number;
    }
  | { readonly error: string; readonly constraint: string | undefined };

const AS_TEXT = { getTypeParser: () => (text: string) => text } as never;

/** A connection, for one transaction after the other. */
export class RealSession {
  /** What was asked and may not be answered yet. */
  pending: Promise<RealOutcome> | undefined;
  /** Whether that is answered. */
  answered = false;
  /** When it began to wait for a lock, by the journal's clock. */
  waitsFrom: number | undefined;
  /** The last text that it was asked. */
  text = '';

  private constructor(
    readonly client: Client,
    readonly processId: number,
  ) {}

  static async connect(url: string): Promise<RealSession> {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(`set search_path = ${SEARCH_PATH}`);
    await client.query(`set timezone = 'UTC'`);
    const { rows } = await client.query<{ id: number }>('select pg_backend_pid() as id');
    return new RealSession(client, Number(rows[0]?.id));
  }

  /** Puts the clock to a time; with when a statement came, also what that statement is told of it. */
  async setClock(atMicros: number, arrivedMicros = atMicros): Promise<void> {
    await this.client.query(
      `select setval('simulated.clock', $1), set_config('simulated.arrived', $2, false)`,
      [String(atMicros), String(arrivedMicros)],
    );
  }

  begin(text: string, values: readonly unknown[]): void {
    this.text = text;
    this.answered = false;
    this.pending = this.ask(text, values).finally(() => (this.answered = true));
  }

  /** Resolves with the answer to what is pending. */
  async answer(): Promise<RealOutcome> {
    if (!this.pending) throw new Error(`nothing is pending behind ${this.text}`);
    const outcome = await this.pending;
    this.pending = undefined;
    return outcome;
  }

  /** Never rejects: an error is an outcome. */
  async ask(text: string, values: readonly unknown[] = []): Promise<RealOutcome> {
    try {
      const { fields, rows, rowCount }: QueryResult<(string | null)[]> = await this.client.query({
        text,
        values: [...values],
        rowMode: 'array',
        types: AS_TEXT,
      });
      return {
        columns: fields.map(({ name, dataTypeID: type }) => ({ name, type })),
        rows,
        count: rowCount ?? 0,
      };
    } catch (error) {
      const { code = String(error), constraint } = error as { code?: string; constraint?: string };
      return { error: code, constraint };
    }
  }

  /** The one value that a statement answers. @throws Error on any other answer */
  async value(text: string, values: readonly unknown[] = []): Promise<string | null> {
    const outcome = await this.ask(text, values);
    if ('error' in outcome) throw new Error(`${text}: ${outcome.error}`);
    return outcome.rows[0]?.[0] ?? null;
  }
}
