import type { Execution } from '../database/execution.js';
import type { Tuple } from '../database/rows.js';
import type { Column, Condition, Frame } from './compiled.js';
import type { ExpressionCompiler } from './compile-expression.js';
import { compileSubquery } from './compile-subquery.js';
import { readerOf, type Source } from './scope.js';
import type { FromItem, Relation } from './syntax.js';
import { compare, elementOf, type Value } from './values.js';

/** One item of FROM, ready to be joined to those before it. */
export interface CompiledItem {
  readonly outer: boolean;
  readonly rows: (frame: Frame, execution: Execution) => readonly Tuple[];
  readonly on: Condition | undefined;
  /** What stands there where an outer join finds nothing. */
  readonly nothing: Tuple;
}

/** Compiles the items of FROM. Each adds its source to the scope: those behind it see it. */
export function compileItems(from: readonly FromItem[], expressions: ExpressionCompiler): CompiledItem[] {
  return from.map((item) => compileItem(item, expressions));
}

function compileItem(item: FromItem, expressions: ExpressionCompiler): CompiledItem {
  const { scope } = expressions;
  const { columns, rows, table, name } = relationOf(item.relation, expressions);
  const source: Source = {
    name: item.alias ?? name,
    columns: columns.map((column, index) => ({
      ...column,
      // A function of one column is named like its alias.
      name: item.columns?.[index] ?? (item.relation.kind === 'unnest' ? (item.alias ?? name) : column.name),
    })),
    table,
  };
  const equal = item.using && mergeColumns(item.using, source, expressions);
  scope.sources.push(source);
  const on = item.on && expressions.condition(item.on);
  return {
    outer: item.join === 'left',
    rows,
    on: on ?? equal,
    nothing: { values: columns.map(() => null) },
  };
}

/** The columns of USING, which are one from here on: that of the sources before. */
function mergeColumns(names: readonly string[], source: Source, { scope }: ExpressionCompiler): Condition {
  const index = scope.sources.length;
  const pairs = names.map((name) => {
    const before = scope.find(name);
    const column = source.columns.findIndex((candidate) => candidate.name === name);
    if (column === -1 || before.depth > 0) scope.statement.fail(`no join using ${name}`);
    scope.merged.set(name, before);
    return [readerOf(before), readerOf({ depth: 0, source: index, column, type: before.type })] as const;
  });
  return (frame) =>
    pairs.every(([before, here]) => {
      const [one, other] = [before(frame), here(frame)];
      return one !== null && other !== null && compare(one, other) === 0;
    });
}

interface CompiledRelation {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: CompiledItem['rows'];
  readonly table?: string | undefined;
}

function relationOf(relation: Relation, expressions: ExpressionCompiler): CompiledRelation {
  const { scope } = expressions;
  if (relation.kind === 'unnest') return unnest(relation, expressions);
  if (relation.kind === 'subquery') {
    const { columns, run } = compileSubquery(relation.query, scope);
    return { name: '', columns, rows: run };
  }
  const { name } = relation;
  const commonTable = scope.surroundings.commonTables.get(name);
  if (commonTable) {
    const { columns, slot } = commonTable;
    return { name, columns, rows: (_frame, execution) => execution.commonTables[slot] ?? [] };
  }
  const { columns } = scope.statement.table(name);
  return { name, columns, rows: (_frame, execution) => scan(name, execution), table: name };
}

/** The rows of a table as the statement sees them: the same at each look. */
export function scan(name: string, execution: Execution): readonly Tuple[] {
  const known = execution.scans.get(name);
  if (known) return known;
  const { transaction, snapshot, engine } = execution;
  const rows: Tuple[] = [];
  for (const row of engine.rowsOf(name).all) {
    const version = row.seenBy(transaction, snapshot.commits);
    if (version) rows.push({ values: version.values, row, version });
  }
  execution.scans.set(name, rows);
  return rows;
}

/** Arrays side by side; a shorter one ends in nulls. */
function unnest(
  { arrays, ordinality }: Extract<Relation, { kind: 'unnest' }>,
  expressions: ExpressionCompiler,
): CompiledRelation {
  const compiled = arrays.map((array) => expressions.compile(array));
  const columns: Column[] = compiled.map(({ type }) => ({ name: 'unnest', type: elementOf(type) }));
  if (ordinality) columns.push({ name: 'ordinality', type: 'bigint' });
  return {
    name: 'unnest',
    columns,
    rows: (frame, execution) => {
      const values = compiled.map(({ evaluate }) => (evaluate(frame, execution) ?? []) as readonly Value[]);
      const length = Math.max(...values.map((items) => items.length));
      return Array.from({ length }, (_, index) => ({
        values: [...values.map((items) => items[index] ?? null), ...(ordinality ? [BigInt(index + 1)] : [])],
      }));
    },
  };
}

/** Every row of the items with every other one, as far as their conditions hold, and then `where`. */
export function joinItems(
  items: readonly CompiledItem[],
  first: Frame,
  execution: Execution,
  where?: Condition,
): readonly Frame[] {
  const { outer, computed } = first;
  let frames: readonly Frame[] = [first];
  for (const [index, item] of items.entries()) {
    const last = index === items.length - 1;
    const joined: Frame[] = [];
    for (const { tuples } of frames) {
      // One frame is tried with each row; only where it holds is it kept.
      const tried: Frame = { tuples: [...tuples, item.nothing], outer, computed };
      const keep = () => {
        if (!last || !where || where(tried, execution))
          joined.push({ tuples: [...tried.tuples], outer, computed });
      };
      let found = false;
      for (const tuple of item.rows(tried, execution)) {
        tried.tuples[tuples.length] = tuple;
        if (item.on && !item.on(tried, execution)) continue;
        found = true;
        keep();
      }
      if (found || !item.outer) continue;
      tried.tuples[tuples.length] = item.nothing;
      keep();
    }
    frames = joined;
  }
  return items.length > 0 || !where || where(first, execution) ? frames : [];
}
