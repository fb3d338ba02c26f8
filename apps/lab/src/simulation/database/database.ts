import type { CompiledStatement } from '../sql/compiled.js';
import type { Value } from '../sql/values.js';
import { ServerError } from '../simulation.errors.js';
import type { TableDefinition } from './definition.js';
import { Execution, type Arrival, type Engine } from './execution.js';
import { Row, Rows, type Tuple } from './rows.js';
import { LockWait, Transaction, type Snapshot } from './transaction.js';

/** What a database gets from outside. */
export interface DatabaseParts {
  readonly tables: Iterable<TableDefinition>;
  /** Its clock, in microseconds since 1970. */
  readonly nowMicros: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly uuid: () => string;
  /** What is in it at the beginning; default: nothing. */
  readonly image?: DatabaseImage | undefined;
}

/** Everything that was committed, for databases that begin with it: the values of each table's rows. */
export type DatabaseImage = ReadonlyMap<string, readonly (readonly Value[])[]>;

const XID_FIRST = 1_000n;
const DEADLOCK = '40P01';
/** Sees what is committed, and nothing else. */
const NOBODY = new Transaction();

/**
 * The seeded database: PostgreSQL's READ COMMITTED over rows in memory. Each statement sees what was committed when it
 * arrived; writes take row locks until the end of their transaction; a unique key waits for who is inserting the same;
 * a row that has changed since the statement arrived is judged anew. It knows no time of its own and no chance: it is
 * told both, and told when each thing happens.
 *
 * Left out, since nothing here depends on it: other isolation levels, locks weaker than that of an update (foreign keys
 * take none), savepoints, triggers, partitions (a partitioned table is one table for all days).
 */
export class Database implements Engine {
  /** How often a transaction was broken off because two waited for each other. */
  deadlocks = 0;
  private readonly tables = new Map<string, Rows>();
  private readonly open = new Set<Transaction>();
  private readonly advisoryLocks = new Map<bigint, Transaction>();
  private commits = 0;
  private nextXid = XID_FIRST;
  private nextPlace = 1;

  constructor(private readonly parts: DatabaseParts) {
    const before = new Transaction();
    before.status = 'committed';
    before.committedAt = 0;
    for (const { name } of parts.tables) {
      const rows = new Rows(parts.image?.get(name)?.length);
      for (const values of parts.image?.get(name) ?? []) {
        const row = new Row();
        row.versions.push({ place: this.newPlace(), values, by: before, command: 0, ended: undefined });
        rows.all.push(row);
      }
      this.tables.set(name, rows);
    }
  }

  /** Everything that is committed now. */
  image(): DatabaseImage {
    return new Map([...this.tables.keys()].map((table) => [table, this.committed(table)]));
  }

  /** How many transactions were committed: while it stays the same, so does what is committed. */
  get committedCount(): number {
    return this.commits;
  }

  /** The rows of a table that are committed now. */
  committed(table: string): readonly (readonly Value[])[] {
    const { commits } = this;
    return this.rowsOf(table).all.flatMap((row) => {
      const version = row.seenBy(NOBODY, commits);
      return version ? [version.values] : [];
    });
  }

  begin(): Transaction {
    const transaction = new Transaction();
    this.open.add(transaction);
    return transaction;
  }

  /** What a statement that arrives now is going to see. */
  arrival(parameters: readonly unknown[]): Arrival {
    return { parameters, snapshot: this.snapshot(), startedAtMicros: this.nowMicros() };
  }

  /**
   * Runs one statement to its end, at one moment.
   *
   * @throws LockWait when it has to wait: nothing is written then, and the locks that it got are kept. It is to be run
   * again, as it arrived, when the holder has ended
   * @throws ServerError as PostgreSQL would answer; the transaction is to be aborted
   */
  run(statement: CompiledStatement, transaction: Transaction, arrival: Arrival): readonly Tuple[] {
    transaction.command++;
    transaction.waitsFor = undefined;
    const execution = new Execution(this, transaction, arrival);
    const written = transaction.undo.length;
    try {
      const rows = statement.run(execution);
      for (const check of execution.checks) check();
      return rows;
    } catch (error) {
      transaction.undoTo(written);
      if (error instanceof LockWait) this.wait(execution, error.holder);
      throw error;
    }
  }

  commit(transaction: Transaction): void {
    transaction.committedAt = ++this.commits;
    this.end(transaction, 'committed');
  }

  abort(transaction: Transaction): void {
    if (transaction.status !== 'open') return;
    transaction.undoTo(0);
    this.end(transaction, 'aborted');
  }

  /** Aborts every open transaction, as a crash does. */
  abortAll(): void {
    for (const transaction of [...this.open]) this.abort(transaction);
  }

  rowsOf(table: string): Rows {
    const rows = this.tables.get(table);
    if (!rows) throw new Error(`the seeded database has no table ${table}`);
    return rows;
  }

  newPlace(): number {
    return this.nextPlace++;
  }

  xidOf(transaction: Transaction): bigint {
    return (transaction.xid ??= this.nextXid++);
  }

  tryAdvisoryLock(transaction: Transaction, key: bigint): boolean {
    const holder = this.advisoryLocks.get(key);
    if (holder && holder !== transaction && holder.status === 'open') return false;
    this.advisoryLocks.set(key, transaction);
    return true;
  }

  nowMicros(): number {
    return this.parts.nowMicros();
  }

  random(): number {
    return this.parts.random();
  }

  uuid(): string {
    return this.parts.uuid();
  }

  private snapshot(): Snapshot {
    let xmin = this.nextXid;
    for (const { xid } of this.open) if (xid !== undefined && xid < xmin) xmin = xid;
    return { commits: this.commits, xmin, xmax: this.nextXid };
  }

  /** @throws ServerError if the holder waits for this transaction in turn */
  private wait({ transaction, inserted }: Execution, holder: Transaction): void {
    for (let other: Transaction | undefined = holder; other; other = other.waitsFor) {
      if (other !== transaction) continue;
      this.deadlocks++;
      throw new ServerError('deadlock detected', DEADLOCK);
    }
    transaction.waitsFor = holder;
    for (const { rows, keys } of inserted) for (const key of keys()) rows.reserved.set(key, transaction);
  }

  private end(transaction: Transaction, status: 'committed' | 'aborted'): void {
    transaction.status = status;
    transaction.waitsFor = undefined;
    transaction.undo.length = 0;
    this.open.delete(transaction);
    for (const waiter of [...transaction.waiters]) waiter();
  }
}
