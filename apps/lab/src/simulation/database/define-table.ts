import { ExpressionCompiler } from '../sql/compile-expression.js';
import type { Compiled } from '../sql/compiled.js';
import type { NewColumn, NewConstraint, NewIndex, TableChange } from '../sql/parse-definition.js';
import type { Surroundings } from '../sql/scope.js';
import type { Expression } from '../sql/syntax.js';
import type { SqlType } from '../sql/values.js';
import type { ColumnDefinition, TableDefinition } from './definition.js';

/** What PostgreSQL calls a constraint that has been given no name. */
const SUFFIXES = { 'primary key': 'pkey', unique: 'key', check: 'check', references: 'fkey' } as const;

/** Changes a table as CREATE TABLE and ALTER TABLE do. */
export function changeTable(
  table: TableDefinition,
  changes: readonly TableChange[],
  context: Surroundings,
): void {
  // Columns first: a check in front of one may speak of it.
  for (const change of changes) if (change.kind === 'column') addColumn(table, change, context);
  for (const change of changes) {
    switch (change.kind) {
      case 'column':
        for (const one of change.constraints) constrain(table, one, context);
        break;
      case 'constraint':
        constrain(table, change, context);
        break;
      case 'drop constraint':
        dropConstraint(table, change.name);
        break;
      case 'drop column':
        dropColumn(table, change.name, context);
        break;
      case 'alter column':
        alterColumn(table, change, context);
    }
  }
}

/** A unique index is a key like any other. */
export function addUniqueIndex(
  table: TableDefinition,
  { name, columns, where }: NewIndex,
  context: Surroundings,
): void {
  const condition = where && compileOn(table, where, context);
  table.uniques.push({ name, columns: positions(table, columns, context), where: condition });
}

function constrain(
  table: TableDefinition,
  { name: given, rule }: NewConstraint,
  context: Surroundings,
): void {
  if (rule.kind === 'check') {
    const holds = compileOn(table, rule.holds, context);
    table.checks.push({ name: given ?? checkName(table, rule.holds), holds });
    return;
  }
  const columns = positions(table, rule.columns, context);
  const infix = rule.kind === 'primary key' ? '' : `_${rule.columns.join('_')}`;
  const name = given ?? `${table.name}${infix}_${SUFFIXES[rule.kind]}`;
  if (rule.kind !== 'references') {
    table.uniques.push({ name, columns });
    for (const column of columns) if (rule.kind === 'primary key') columnAt(table, column).notNull = true;
    return;
  }
  const target = context.statement.table(rule.table);
  const primary = target.uniques.find((unique) => unique.name.endsWith('_pkey'));
  const referenced =
    rule.referenced.length > 0 ? positions(target, rule.referenced, context) : (primary?.columns ?? []);
  table.foreignKeys.push({ name, columns, table: rule.table, referenced });
}

function addColumn(table: TableDefinition, column: NewColumn, context: Surroundings): void {
  const { name, type, notNull, identity } = column;
  const standard = column.default && standardOf(column.default, type, context);
  table.columns.push({ name, type, notNull: notNull || identity, identity, default: standard });
}

function alterColumn(
  table: TableDefinition,
  change: Extract<TableChange, { kind: 'alter column' }>,
  context: Surroundings,
): void {
  const column = columnAt(table, positions(table, [change.name], context)[0] ?? -1);
  if (change.notNull) column.notNull = true;
  if (change.type) column.type = change.type;
  if (change.default) column.default = standardOf(change.default, column.type, context);
}

function dropConstraint(table: TableDefinition, name: string): void {
  table.uniques = table.uniques.filter((unique) => unique.name !== name);
  table.checks = table.checks.filter((check) => check.name !== name);
  table.foreignKeys = table.foreignKeys.filter((key) => key.name !== name);
}

/** Only the last ones may go: nothing that has been compiled speaks of those behind it. */
function dropColumn(table: TableDefinition, name: string, context: Surroundings): void {
  const [at = -1] = positions(table, [name], context);
  const speaks = ({ columns }: { readonly columns: readonly number[] }) =>
    columns.some((column) => column >= at);
  if (table.checks.length > 0 || table.uniques.some(speaks)) context.statement.fail(`cannot drop ${name}`);
  table.foreignKeys = table.foreignKeys.filter((key) => !speaks(key));
  table.columns.splice(at, 1);
}

/** The default of a column, which looks at no row. */
function standardOf(expression: Expression, type: SqlType, context: Surroundings): Compiled {
  const expressions = new ExpressionCompiler(context);
  return expressions.convert(expressions.compile(expression), type);
}

/** An expression over the columns of one row of the table. */
function compileOn(table: TableDefinition, expression: Expression, context: Surroundings): Compiled {
  const expressions = new ExpressionCompiler(context);
  expressions.scope.sources.push({ name: table.name, columns: table.columns });
  return expressions.compile(expression);
}

function positions(table: TableDefinition, names: readonly string[], context: Surroundings): number[] {
  return names.map((name) => {
    const found = table.columns.findIndex((column) => column.name === name);
    return found === -1 ? context.statement.fail(`${table.name} has no column ${name}`) : found;
  });
}

function columnAt(table: TableDefinition, position: number): ColumnDefinition {
  return table.columns[position] as ColumnDefinition;
}

/** After the one column that it speaks of, and after the table where it speaks of several. */
function checkName(table: TableDefinition, holds: Expression): string {
  const columns = table.columns.filter(({ name }) =>
    JSON.stringify(holds, bigintText).includes(`"name":"${name}"`),
  );
  const infix = columns.length === 1 ? `_${columns[0]?.name ?? ''}` : '';
  const name = `${table.name}${infix}_${SUFFIXES.check}`;
  const taken = table.checks.filter((check) => check.name.startsWith(name)).length;
  return taken === 0 ? name : `${name}${taken}`;
}

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
