import { inspect } from 'node:util';
import { until, within } from '../../parts/deadline.js';
import { DeadlineError } from '../../lab.errors.js';
import type { Column } from '../sql/compiled.js';
import type { Journal, JournalEntry, StatementOutcome, TableContents } from './journal.js';
import type { RealDatabase } from './real-database.js';
import type { RealOutcome, RealSession } from './real-session.js';
import { differing, Moments, plainText, textOf, type TextRow } from './row-texts.js';

/** How long a lock, or an answer that has nothing to wait for, is waited for. */
const WITHIN_MS = 3_000;

/** PostgreSQL's numbers of the types, by the names that the seeded database has for them. */
const TYPE_NUMBERS: Readonly<Record<string, readonly number[]>> = {
  bool: [16],
  bytea: [17],
  bigint: [20],
  int: [21, 23],
  text: [25, 114, 1042],
  tid: [27],
  float: [701],
  date: [1082],
  timestamp: [1114],
  timestamptz: [1184],
  uuid: [2950],
  xid8: [5069],
};

type StatementEntry = Extract<JournalEntry, { readonly kind: 'statement' }>;
type EndEntry = Extract<JournalEntry, { readonly kind: 'end' }>;

/** Something in which the databases are not the same. */
export interface Difference {
  readonly journal: string;
  /** The number of the entry and its statement, or the table. */
  readonly at: string;
  readonly simulated: string;
  readonly real: string;
}

/**
 * Plays one journal in PostgreSQL, each thing when its time has come, and compares.
 *
 * Not compared are numbers that an identity column drew (the seeded database draws them again when it runs a statement
 * anew), the order of rows, and the texts of errors. Transaction ids are compared by what they stand for: see
 * {@link compareFloors}; a time, as {@link Moments} says.
 */
export class PostgresReplay {
  readonly differences: Difference[] = [];
  /** The texts that were asked. */
  readonly texts = new Set<string>();
  statements = 0;
  waits = 0;
  /** Several had waited for one, and PostgreSQL let another one go first: what comes behind is another history. */
  raced = false;
  private readonly open = new Map<number, RealSession>();
  private readonly failed = new Set<number>();
  private readonly racing = new Set<RealSession>();
  private readonly realXids = new Map<bigint, bigint>();
  private readonly floors = new Map<bigint, bigint>([[0n, 0n]]);
  private readonly moments = new Moments();

  constructor(
    private readonly database: RealDatabase,
    private readonly journal: Journal,
  ) {}

  async play(): Promise<this> {
    const { database, journal, open } = this;
    await database.load(journal.before);
    for (const [index, entry] of journal.entries.entries()) {
      if (entry.kind === 'end') await this.endTransaction(entry);
      else await this.statement(entry, index);
      if (this.raced || this.differences.length > 0) break;
    }
    for (const session of open.values()) await database.abandon(session);
    if (this.raced || this.differences.length > 0) return this;
    this.compareFloors();
    for (const table of journal.after) await this.compareContents(table);
    return this;
  }

  private async statement(entry: StatementEntry, index: number): Promise<void> {
    const { transaction, text, outcome, atMicros } = entry;
    const session = this.open.get(transaction) ?? (await this.database.begin());
    this.open.set(transaction, session);
    if (!entry.again) {
      this.texts.add(text);
      this.statements++;
      await session.setClock(atMicros, entry.arrivedMicros);
      session.begin(text, this.translated(entry));
    }
    const at = `${index} ${text.replace(/\s+/g, ' ').slice(0, 200)}`;
    const waits = await this.isWaiting(session, outcome === 'waits');
    if (outcome === 'waits') {
      this.waits++;
      session.waitsFrom ??= atMicros;
      if (!waits) this.differInOrder(session, at, outcome);
      return;
    }
    if (waits) return this.differInOrder(session, at, outcome);
    if (session.waitsFrom !== undefined) this.moments.areOne(session.waitsFrom, atMicros);
    session.waitsFrom = undefined;
    const real = await session.answer();
    if ('error' in real) this.failed.add(transaction);
    this.compareOutcomes(at, outcome, real);
  }

  /** Whether it waits for another one's lock; one that is expected to is looked at at once. */
  private async isWaiting(session: RealSession, expected: boolean): Promise<boolean> {
    if (expected) {
      await until('a lock or an answer', WITHIN_MS, async () => {
        return session.answered || (await this.database.isBlocked(session)) ? true : undefined;
      });
      return !session.answered;
    }
    try {
      await within<unknown>('an answer', WITHIN_MS, Promise.resolve(session.pending));
      return false;
    } catch (error) {
      if (error instanceof DeadlineError) return true;
      throw error;
    }
  }

  private async endTransaction({ transaction, commits, atMicros, xid }: EndEntry): Promise<void> {
    const session = this.open.get(transaction);
    if (!session) return;
    const waiting = [...this.open.values()].filter(({ pending }) => pending !== undefined);
    const waiters = waiting.length > 1 ? await this.database.waitersOf(session, waiting) : [];
    if (waiters.length > 1) for (const waiter of waiters) this.racing.add(waiter);
    this.open.delete(transaction);
    if (session.pending || this.failed.has(transaction)) return this.database.abandon(session);
    await session.setClock(atMicros);
    const real = await session.value('select pg_current_xact_id_if_assigned()');
    if (xid !== undefined && real !== null) this.realXids.set(xid, BigInt(real));
    else if (xid !== undefined || real !== null)
      this.differ(`transaction id behind ${session.text}`, xid, real);
    const ended = await session.ask(commits ? 'commit' : 'rollback');
    if ('error' in ended) this.differ(`end of a transaction behind ${session.text}`, 'ends', ended);
    this.database.giveBack(session);
  }

  /** A relay says from which transaction id on it looks: the same one has another number here. */
  private translated({ text, parameters }: StatementEntry): unknown[] {
    const [, number] = /\$(\d+)::text::xid8/.exec(text) ?? [];
    if (number === undefined) return [...parameters];
    const at = Number(number) - 1;
    return parameters.with(at, String(this.floors.get(BigInt(parameters[at] as string))));
  }

  private compareOutcomes(
    at: string,
    simulated: Exclude<StatementOutcome, 'waits'>,
    real: RealOutcome,
  ): void {
    if ('error' in simulated || 'error' in real) {
      const same = 'error' in simulated && 'error' in real && simulated.error === real.error;
      if (!same || simulated.constraint !== real.constraint) this.differ(at, simulated, real);
      return;
    }
    const { columns, rows } = simulated;
    if (rows.length !== real.count) this.differ(`${at}: rows`, rows.length, real.count);
    // A write that returns nothing has a count, and no rows.
    if (columns.length === 0) return;
    const types = columns.every(({ name, type }, index) => {
      const column = real.columns[index];
      return column?.name === name && TYPE_NUMBERS[type]?.includes(column.type);
    });
    if (!types || columns.length !== real.columns.length)
      this.differ(`${at}: columns`, columns, real.columns);
    const floor = columns.findIndex(({ name }) => name === 'floor');
    const [found, realFloor] = [rows[0]?.[floor], real.rows[0]?.[floor]];
    if (typeof found === 'string' && realFloor) this.floors.set(BigInt(found), BigInt(realFloor));
    const kept = <Value>(row: readonly Value[]) => row.filter((_, index) => index !== floor);
    const shown = rows.map((row) => kept(row.map((value, index) => textOf(value, columns[index]?.type))));
    const others = real.rows.map((row) => kept(row.map((text, index) => plainText(text, columns[index]))));
    this.compareRows(at, shown, others);
  }

  /** A floor is the same one if the same transactions are below it. */
  private compareFloors(): void {
    for (const [simulated, real] of this.floors) {
      for (const [xid, realXid] of this.realXids) {
        if (xid < simulated === realXid < real) continue;
        this.differ('floor', `${xid} below ${simulated}`, `${realXid} below ${real}`);
      }
    }
  }

  private async compareContents({ name, columns, rows }: TableContents): Promise<void> {
    const compared = columns.filter(({ identity }) => !identity);
    const real = await this.database.contents(
      name,
      compared.map((column) => column.name),
    );
    const simulated = rows.map((row) =>
      columns.flatMap(({ type, identity }, index) => {
        const value = row[index] ?? null;
        if (identity) return [];
        if (type === 'xid8' && value !== null) return [String(this.realXids.get(value as bigint))];
        return [textOf(value, type)];
      }),
    );
    const plain = (row: TextRow) => row.map((text, index) => plainText(text, compared[index] as Column));
    this.compareRows(`table ${name}`, simulated, real.map(plain));
  }

  private compareRows(at: string, simulated: readonly TextRow[], real: readonly TextRow[]): void {
    const [only, onlyReal] = differing(simulated, real, this.moments);
    if (only.length + onlyReal.length > 0) this.differ(at, only, onlyReal);
  }

  /** Of those who wait for one, PostgreSQL promises to nobody to be the first. */
  private differInOrder(session: RealSession, at: string, outcome: StatementOutcome): void {
    if (this.racing.has(session)) this.raced = true;
    else this.differ(at, outcome, outcome === 'waits' ? 'does not wait' : 'waits');
  }

  private differ(at: string, simulated: unknown, real: unknown): void {
    const text = (what: unknown) => inspect(what, { depth: 4, breakLength: Infinity, maxArrayLength: 10 });
    this.differences.push({
      journal: this.journal.title,
      at,
      simulated: text(simulated),
      real: text(real),
    });
  }
}
