import { frameOf } from '../sql/compiled.js';
import { keyOf, type Value } from '../sql/values.js';
import { ServerError } from '../simulation.errors.js';
import type { ForeignKey, TableDefinition, UniqueKey } from './definition.js';
import type { Execution } from './execution.js';
import { Row, type Version } from './rows.js';
import { LockWait, type Transaction } from './transaction.js';

const NOT_NULL = '23502';
const FOREIGN_KEY = '23503';
const UNIQUE = '23505';
const CHECK = '23514';

/**
 * Takes the row until the end of the transaction.
 *
 * @returns false if another has it, and such rows are passed over
 * @throws LockWait
 */
export function lockRow(row: Row, { transaction, engine }: Execution, skipLocked = false): boolean {
  if (skipLocked && isOpenOther(row.lockedBy, transaction)) return false;
  waitFor(row.lockedBy, transaction);
  // A lock is written into the row: it draws a transaction id, as a write does.
  engine.xidOf(transaction);
  row.lockedBy = transaction;
  return true;
}

/** What a locked row has become; undefined if it is gone, or if this very statement has written it. */
export function currentVersion({ newest }: Row, { transaction }: Execution): Version | undefined {
  const own = newest?.by === transaction && newest.command === transaction.command;
  return own || newest?.ended ? undefined : newest;
}

/** The values of a row to be inserted, whole; `undefined` stands for a column that was not named. */
export function withDefaults(
  { name, columns }: TableDefinition,
  given: readonly (Value | undefined)[],
  execution: Execution,
): readonly Value[] {
  return columns.map((column, index) => {
    const value = given[index];
    if (value !== undefined) return value;
    if (column.identity) return execution.engine.rowsOf(name).nextIdentity();
    return column.default?.evaluate(frameOf([]), execution) ?? null;
  });
}

/** Adds a row. */
export function insertRow(table: TableDefinition, values: readonly Value[], execution: Execution): Version {
  for (const unique of table.uniques) {
    if (conflictOf(table, unique, values, execution)) throw violatesUnique(table, unique);
  }
  const { engine, transaction } = execution;
  const rows = engine.rowsOf(table.name);
  const row = new Row();
  row.lockedBy = transaction;
  const version = write(table, row, values, execution);
  rows.all.push(row);
  transaction.undo.push(() => void rows.all.splice(rows.all.indexOf(row), 1));
  execution.inserted.push({ rows, keys: () => keysOf(table, values, execution) });
  return version;
}

/** As texts, of the unique keys that the row is under. */
function keysOf({ uniques }: TableDefinition, values: readonly Value[], execution: Execution): string[] {
  const under = uniques.filter((unique) => isUnder(unique, values, execution));
  return under.map((unique) => keyTextOf(unique, values));
}

/** Replaces the newest version of a locked row. */
export function updateRow(
  table: TableDefinition,
  row: Row,
  values: readonly Value[],
  execution: Execution,
): Version {
  const before = row.newest as Version;
  for (const unique of table.uniques) {
    const changed = unique.columns.some((column) => before.values[column] !== values[column]);
    if (changed && conflictOf(table, unique, values, execution, row)) throw violatesUnique(table, unique);
  }
  const { transaction } = execution;
  const version = write(table, row, values, execution);
  before.ended = { by: transaction, command: transaction.command };
  transaction.undo.push(() => {
    row.versions.pop();
    before.ended = undefined;
  });
  return version;
}

/** Ends a locked row. */
export function deleteRow(row: Row, { engine, transaction }: Execution): void {
  const newest = row.newest as Version;
  engine.xidOf(transaction);
  newest.ended = { by: transaction, command: transaction.command };
  transaction.undo.push(() => {
    newest.ended = undefined;
  });
}

/**
 * The row that stands in the way of these values, committed or this transaction's own.
 *
 * @throws LockWait while it is another's whether there is one
 */
export function conflictOf(
  table: TableDefinition,
  unique: UniqueKey,
  values: readonly Value[],
  execution: Execution,
  except?: Row,
): Row | undefined {
  const { transaction, engine } = execution;
  if (!isUnder(unique, values, execution)) return undefined;
  const rows = engine.rowsOf(table.name);
  if (rows.reserved.size > 0) waitFor(rows.reserved.get(keyTextOf(unique, values)), transaction);
  const has = (version: Version | undefined) =>
    version !== undefined &&
    unique.columns.every((column) => version.values[column] === values[column]) &&
    isUnder(unique, version.values, execution);
  for (const row of rows.all) {
    const { newest } = row;
    if (row === except || !newest) continue;
    if (has(newest)) {
      waitFor(newest.by, transaction);
      if (!newest.ended) return row;
      waitFor(newest.ended.by, transaction);
    } else if (isOpenOther(newest.by, transaction) && has(row.versions.at(-2))) {
      waitFor(newest.by, transaction);
    }
  }
  return undefined;
}

function isOpenOther(holder: Transaction | undefined, transaction: Transaction): holder is Transaction {
  return holder !== undefined && holder !== transaction && holder.status === 'open';
}

/** @throws LockWait if that is another transaction that is open */
function waitFor(holder: Transaction | undefined, transaction: Transaction): void {
  if (isOpenOther(holder, transaction)) throw new LockWait(holder);
}

/** Not where the key is null in part, nor where the row is not of the partial index. */
function isUnder({ columns, where }: UniqueKey, values: readonly Value[], execution: Execution): boolean {
  if (columns.some((column) => values[column] === null)) return false;
  return !where || where.evaluate(frameOf(values), execution) === true;
}

function keyTextOf({ name, columns }: UniqueKey, values: readonly Value[]): string {
  return `${name}|${keyOf(columns.map((column) => values[column] as Value))}`;
}

function write(table: TableDefinition, row: Row, values: readonly Value[], execution: Execution): Version {
  const { transaction, engine } = execution;
  engine.xidOf(transaction);
  validate(table, values, execution);
  const version: Version = {
    place: engine.newPlace(),
    values,
    by: transaction,
    command: transaction.command,
    ended: undefined,
  };
  row.versions.push(version);
  return version;
}

function validate(
  { name, columns, checks, foreignKeys }: TableDefinition,
  values: readonly Value[],
  execution: Execution,
): void {
  columns.forEach((column, index) => {
    if (column.notNull && values[index] === null)
      throw new ServerError(`null in ${name}.${column.name}`, NOT_NULL);
  });
  for (const check of checks) {
    if (check.holds.evaluate(frameOf(values), execution) !== false) continue;
    throw new ServerError(`a row of ${name} violates ${check.name}`, CHECK, check.name);
  }
  for (const key of foreignKeys) {
    const referring = key.columns.map((column) => values[column] as Value);
    if (referring.includes(null)) continue;
    execution.checks.push(() => {
      if (isReferred(key, referring, execution)) return;
      throw new ServerError(`a row of ${name} violates ${key.name}`, FOREIGN_KEY, key.name);
    });
  }
}

function isReferred(
  { table, referenced }: ForeignKey,
  wanted: readonly Value[],
  { engine, transaction }: Execution,
): boolean {
  return engine.rowsOf(table).all.some(({ newest }) => {
    if (!newest || newest.ended || isOpenOther(newest.by, transaction)) return false;
    return referenced.every((column, index) => newest.values[column] === wanted[index]);
  });
}

function violatesUnique({ name: table }: TableDefinition, { name }: UniqueKey): ServerError {
  return new ServerError(`a row of ${table} has this key already: ${name}`, UNIQUE, name);
}
