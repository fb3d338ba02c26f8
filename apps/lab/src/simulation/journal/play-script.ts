import { Catalog } from '../database/catalog.js';
import { Database } from '../database/database.js';
import type { Arrival } from '../database/execution.js';
import type { CompiledStatement } from '../sql/compiled.js';
import { LockWait, type Transaction } from '../database/transaction.js';
import { ServerError } from '../simulation.errors.js';
import { contentsOf, outcomeOf } from './recorder.js';
import type { Journal, JournalEntry } from './journal.js';

/** What a session is asked: a statement, or its end. The first statement begins a transaction. */
export type Step = readonly [session: string, text: string, ...parameters: unknown[]];

/** Between two steps, in microseconds. */
const STEP_MICROS = 1_000;
const BEGIN_MICROS = Date.UTC(2026, 5, 1) * 1_000;

interface Running {
  readonly statement: CompiledStatement;
  readonly arrival: Arrival;
  readonly text: string;
}

/**
 * Has a seeded database of its own run a script, each step when the one before has come to its end or waits. Who waits
 * goes on when it may; what it is asked meanwhile is an error of the script.
 */
export function playScript(title: string, migrations: readonly string[], steps: readonly Step[]): Journal {
  const player = new Player(migrations);
  const before = player.contents();
  for (const [session, text, ...parameters] of steps) player.step(session, text, parameters);
  return { title, migrations, before, entries: player.entries, after: player.contents() };
}

class Player {
  readonly entries: JournalEntry[] = [];
  private readonly catalog = new Catalog();
  private readonly database: Database;
  private readonly sessions = new Map<
    string,
    { readonly transaction: Transaction; readonly number: number }
  >();
  private readonly waiting = new Set<Transaction>();
  private atMicros = BEGIN_MICROS;
  private transactions = 0;

  constructor(migrations: readonly string[]) {
    for (const text of migrations) this.catalog.define(text);
    this.database = new Database({
      tables: this.catalog.tables.values(),
      nowMicros: () => this.atMicros,
      random: () => 0.5,
      uuid: () => '00000000-0000-4000-8000-000000000000',
    });
  }

  contents() {
    return contentsOf(this.database.image(), this.catalog);
  }

  step(name: string, text: string, parameters: readonly unknown[]): void {
    this.atMicros += STEP_MICROS;
    let session = this.sessions.get(name);
    if (!session) {
      session = { transaction: this.database.begin(), number: ++this.transactions };
      this.sessions.set(name, session);
    }
    const { transaction, number } = session;
    if (text === 'commit' || text === 'rollback') {
      this.sessions.delete(name);
      return this.end(transaction, number, text === 'commit' && transaction.status === 'open');
    }
    if (this.waiting.has(transaction)) throw new Error(`${name} waits and is asked: ${text}`);
    const statement = this.catalog.statement(text);
    this.run(transaction, number, { statement, text, arrival: this.database.arrival(parameters) }, false);
  }

  private end(transaction: Transaction, number: number, commits: boolean): void {
    const { database, atMicros } = this;
    const { xid } = transaction;
    if (transaction.status !== 'open') return;
    this.entries.push({ kind: 'end', transaction: number, commits, atMicros, xid });
    if (commits) database.commit(transaction);
    else database.abort(transaction);
  }

  private run(transaction: Transaction, number: number, running: Running, again: boolean): void {
    if (transaction.status !== 'open') return;
    const { statement, arrival, text } = running;
    const { parameters, startedAtMicros: arrivedMicros } = arrival;
    let result: unknown;
    try {
      result = this.database.run(statement, transaction, arrival);
      this.waiting.delete(transaction);
    } catch (error) {
      result = error;
    }
    const { atMicros } = this;
    const outcome = outcomeOf(statement, result);
    const what = { text, parameters, arrivedMicros, atMicros, again, outcome };
    this.entries.push({ kind: 'statement', transaction: number, ...what });
    if (result instanceof LockWait)
      this.wait(result.holder, transaction, () => this.run(transaction, number, running, true));
    if (result instanceof ServerError) this.end(transaction, number, false);
  }

  private wait(holder: Transaction, transaction: Transaction, goOn: () => void): void {
    this.waiting.add(transaction);
    const again = () => {
      holder.waiters.delete(again);
      goOn();
    };
    holder.waiters.add(again);
  }
}
