import type { Rows, Tuple } from './rows.js';
import type { Snapshot, Transaction } from './transaction.js';

/** What a statement uses of the database that it runs in. */
export interface Engine {
  rowsOf(table: string): Rows;
  xidOf(transaction: Transaction): bigint;
  tryAdvisoryLock(transaction: Transaction, key: bigint): boolean;
  /** Every version of a row has a place of its own. */
  newPlace(): number;
  /** The database's clock, in microseconds since 1970. */
  nowMicros(): number;
  random(): number;
  uuid(): string;
}

/** What a statement is run with. */
export interface Arrival {
  readonly parameters: readonly unknown[];
  readonly snapshot: Snapshot;
  /** When it came, by the database's clock. */
  readonly startedAtMicros: number;
}

/** One attempt at one statement. */
export class Execution {
  readonly parameters: readonly unknown[];
  readonly snapshot: Snapshot;
  readonly startedAtMicros: number;
  /** The rows of its common table expressions, by their slots. */
  readonly commonTables: (readonly Tuple[])[] = [];
  /** The rows of subqueries that look at nothing outside: PostgreSQL runs those once. */
  readonly subqueries = new Map<object, readonly Tuple[]>();
  /** The rows of the tables as it sees them. */
  readonly scans = new Map<string, readonly Tuple[]>();
  /** What is looked at when it has written everything. */
  readonly checks: (() => void)[] = [];
  /** What it has inserted, and under which unique keys. */
  readonly inserted: { readonly rows: Rows; readonly keys: () => string[] }[] = [];

  constructor(
    readonly engine: Engine,
    readonly transaction: Transaction,
    { parameters, snapshot, startedAtMicros }: Arrival,
  ) {
    this.parameters = parameters;
    this.snapshot = snapshot;
    this.startedAtMicros = startedAtMicros;
  }
}
