import type { TableDefinition } from '../database/definition.js';
import type { Tuple } from '../database/rows.js';
import { compileBody, compileQuery } from './compile-query.js';
import type { Column, CompiledStatement } from './compiled.js';
import { parseStatement } from './parse-query.js';
import { StatementContext } from './scope.js';
import type { Query } from './syntax.js';
import { toDriver } from './values.js';

const COMMANDS = {
  select: 'SELECT',
  union: 'SELECT',
  values: 'SELECT',
  insert: 'INSERT',
  update: 'UPDATE',
  delete: 'DELETE',
} as const;

/** @throws UnknownSqlError */
export function compileStatement(
  text: string,
  tables: ReadonlyMap<string, TableDefinition>,
): CompiledStatement {
  const query = parseStatement(text);
  const { columns, run } = compileQuery(query, surroundingsOf(text, tables));
  return {
    command: COMMANDS[query.body.kind],
    title: titleOf(query),
    columns,
    run: (execution) => run(undefined, execution),
  };
}

/** `insert settlement, posting` … of all that it writes; of a query, the tables that it reads. */
function titleOf(query: Query): string {
  const bodies = [...query.with.map((one) => one.query.body), query.body];
  const writes = bodies.flatMap((body) => ('table' in body ? [`${body.kind} ${body.table}`] : []));
  if (writes.length > 0) return [...new Set(writes)].join(', ');
  const reads = bodies.flatMap((body) => (body.kind === 'select' ? body.from : []));
  const tables = reads.flatMap(({ relation }) => (relation.kind === 'table' ? [relation.name] : []));
  return ['select', ...new Set(tables)].join(' ');
}

/** Where a statement stands: nothing is around it but the tables. */
export function surroundingsOf(text: string, tables: ReadonlyMap<string, TableDefinition>) {
  const statement = new StatementContext(tables, { compileBody, compileQuery }, text);
  return { statement, outer: undefined, commonTables: new Map() };
}

/** Rows as the driver hands them over. */
export function rowsForDriver(
  columns: readonly Column[],
  tuples: readonly Tuple[],
): Record<string, unknown>[] {
  return tuples.map(({ values }) => {
    const row: Record<string, unknown> = {};
    for (let index = 0; index < columns.length; index++) {
      const { name, type } = columns[index] as Column;
      row[name] = toDriver(values[index] ?? null, type);
    }
    return row;
  });
}
