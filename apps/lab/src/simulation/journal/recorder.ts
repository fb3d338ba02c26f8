import type { CompiledStatement } from '../sql/compiled.js';
import { Catalog } from '../database/catalog.js';
import { Database, type DatabaseImage } from '../database/database.js';
import type { Arrival } from '../database/execution.js';
import type { Tuple } from '../database/rows.js';
import { LockWait, type Transaction } from '../database/transaction.js';
import { ServerError } from '../simulation.errors.js';
import type { Journal, JournalEntry, StatementOutcome, TableContents } from './journal.js';

/** For every draw: both databases are to draw the same. */
export const DRAWN = 0.5;

interface Recording {
  readonly catalog: Catalog;
  readonly before: DatabaseImage;
  readonly entries: JournalEntry[];
}

/**
 * Writes down what every seeded database of this process does from here on. It is for a process of its own: the methods
 * of all databases are replaced, and nothing puts them back.
 */
export class Recorder {
  private readonly recordings = new Map<Database, Recording>();
  private readonly origins = new WeakMap<
    CompiledStatement,
    { readonly text: string; readonly catalog: Catalog }
  >();
  private readonly migrations = new WeakMap<Catalog, string[]>();
  private readonly numbers = new WeakMap<Transaction, number>();
  private readonly seen = new WeakSet<Arrival>();
  private lastNumber = 0;

  constructor() {
    this.keepTexts();
    this.keepRuns();
    this.keepEnds();
    Database.prototype.random = () => DRAWN;
  }

  /** What was written down, for each database that was asked something, and begins anew. */
  take(title: string): Journal[] {
    const journals = [...this.recordings].map(([database, { catalog, before, entries }]) => ({
      title,
      migrations: this.migrations.get(catalog) ?? [],
      before: contentsOf(before, catalog),
      entries,
      after: contentsOf(database.image(), catalog),
    }));
    this.recordings.clear();
    return journals;
  }

  private keepTexts(): void {
    const { origins, migrations } = this;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with their owners below
    const { statement, define } = Catalog.prototype;
    Catalog.prototype.statement = function (text) {
      const compiled = statement.call(this, text);
      origins.set(compiled, { text, catalog: this });
      return compiled;
    };
    Catalog.prototype.define = function (text) {
      migrations.set(this, [...(migrations.get(this) ?? []), text]);
      define.call(this, text);
    };
  }

  private keepRuns(): void {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its owner below
    const { run } = Database.prototype;
    const note = this.noteRun;
    Database.prototype.run = function (statement, transaction, arrival) {
      const keep = note(this, statement, transaction, arrival);
      try {
        const tuples = run.call(this, statement, transaction, arrival);
        keep(tuples);
        return tuples;
      } catch (error) {
        keep(error);
        throw error;
      }
    };
  }

  private keepEnds(): void {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with their owners below
    const { commit, abort } = Database.prototype;
    const note = this.noteEnd;
    Database.prototype.commit = function (transaction) {
      note(this, transaction, true);
      commit.call(this, transaction);
    };
    Database.prototype.abort = function (transaction) {
      if (transaction.status === 'open') note(this, transaction, false);
      abort.call(this, transaction);
    };
  }

  private readonly noteRun = (
    database: Database,
    statement: CompiledStatement,
    transaction: Transaction,
    arrival: Arrival,
  ) => {
    const { text, catalog } = this.origins.get(statement) as { text: string; catalog: Catalog };
    const { entries } = this.recordingOf(database, catalog);
    const again = this.seen.has(arrival);
    this.seen.add(arrival);
    return (result: unknown): void => {
      entries.push({
        kind: 'statement',
        transaction: this.numberOf(transaction),
        text,
        parameters: arrival.parameters,
        arrivedMicros: arrival.startedAtMicros,
        atMicros: database.nowMicros(),
        again,
        outcome: outcomeOf(statement, result),
      });
    };
  };

  private readonly noteEnd = (database: Database, transaction: Transaction, commits: boolean): void => {
    const { xid } = transaction;
    // One that has asked for nothing has done nothing.
    this.recordings.get(database)?.entries.push({
      kind: 'end',
      transaction: this.numberOf(transaction),
      commits,
      atMicros: database.nowMicros(),
      xid,
    });
  };

  private recordingOf(database: Database, catalog: Catalog): Recording {
    let recording = this.recordings.get(database);
    if (!recording) {
      recording = { catalog, before: database.image(), entries: [] };
      this.recordings.set(database, recording);
    }
    return recording;
  }

  private numberOf(transaction: Transaction): number {
    const number = this.numbers.get(transaction) ?? ++this.lastNumber;
    this.numbers.set(transaction, number);
    return number;
  }
}

/** Every table of a database. */
export function contentsOf(image: DatabaseImage, catalog: Catalog): TableContents[] {
  return [...image].map(([name, rows]) => {
    const definitions = catalog.tables.get(name)?.columns ?? [];
    return { name, columns: definitions.map(({ name, type, identity }) => ({ name, type, identity })), rows };
  });
}

/** What a run has come to. @throws whatever else it threw */
export function outcomeOf({ columns }: CompiledStatement, result: unknown): StatementOutcome {
  if (result instanceof LockWait) return 'waits';
  if (result instanceof ServerError) return { error: result.code, constraint: result.constraint };
  if (!Array.isArray(result)) throw result;
  return { columns, rows: (result as readonly Tuple[]).map(({ values }) => values) };
}
