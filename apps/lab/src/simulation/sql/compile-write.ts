import type { TableDefinition, UniqueKey } from '../database/definition.js';
import type { Execution } from '../database/execution.js';
import type { Row, Tuple, Version } from '../database/rows.js';
import {
  conflictOf,
  currentVersion,
  deleteRow,
  insertRow,
  lockRow,
  updateRow,
  withDefaults,
} from '../database/writes.js';
import { ServerError } from '../simulation.errors.js';
import { ExpressionCompiler } from './compile-expression.js';
import { compileItems, joinItems, scan, type CompiledItem } from './compile-from.js';
import type { CompiledQuery, Condition, Frame } from './compiled.js';
import { conversionOf } from './operators.js';
import { compileOutputs } from './outputs.js';
import type { Surroundings } from './scope.js';
import type { Assignment, Conflict, Delete, Expression, Insert, Update } from './syntax.js';
import type { Value } from './values.js';

const CARDINALITY_VIOLATION = '21000';

export function compileWrite(write: Insert | Update | Delete, surroundings: Surroundings): CompiledQuery {
  return write.kind === 'insert' ? compileInsert(write, surroundings) : compileChange(write, surroundings);
}

/** What an insert does with one row, or its ON CONFLICT; undefined where it writes none. */
type Put = (values: readonly Value[], outer: Frame | undefined, execution: Execution) => Version | undefined;

/** A table under the name that it has in a write. */
interface Target {
  readonly definition: TableDefinition;
  readonly alias: string | undefined;
  readonly surroundings: Surroundings;
}

function compileInsert(insert: Insert, surroundings: Surroundings): CompiledQuery {
  const { statement } = surroundings;
  const definition = statement.table(insert.table);
  const source = statement.queries.compileBody(insert.source, surroundings);
  const names = insert.columns ?? definition.columns.map(({ name }) => name);
  const targets = source.columns.map(({ type }, index) => {
    const column = definition.columns.findIndex(({ name }) => name === names[index]);
    const to = definition.columns[column]?.type ?? statement.fail(`no column ${names[index] ?? '?'}`);
    const convert = conversionOf(type, to) ?? statement.fail(`${type} is not assigned to ${to}`);
    return { column, convert };
  });
  const returning = new ExpressionCompiler(surroundings);
  returning.scope.sources.push(sourceOf(definition, insert.alias));
  const outputs = compileOutputs(insert.returning, returning);
  const target = { definition, alias: insert.alias, surroundings };
  const put: Put = insert.conflict
    ? putUnlessConflict(insert.conflict, target)
    : (values, _outer, execution) => insertRow(definition, values, execution);
  return {
    columns: outputs.columns,
    run: (outer, execution) =>
      source.run(outer, execution).flatMap(({ values }) => {
        const given: (Value | undefined)[] = definition.columns.map(() => undefined);
        targets.forEach(({ column, convert }, index) => {
          const value = values[index] ?? null;
          given[column] = value === null ? null : convert(value);
        });
        const version = put(withDefaults(definition, given, execution), outer, execution);
        if (!version) return [];
        return outputs.tupleOf({ tuples: [{ ...version, version }], outer, computed: [] }, execution);
      }),
  };
}

function putUnlessConflict(conflict: Conflict, target: Target): Put {
  const { definition } = target;
  const uniques = uniquesOf(conflict, target);
  const update = conflict.set && updateOnConflict(conflict.set, conflict.where, target);
  return (values, outer, execution) => {
    for (const unique of uniques) {
      const row = conflictOf(definition, unique, values, execution);
      if (row) return update?.(row, values, outer, execution);
    }
    return insertRow(definition, values, execution);
  };
}

/** The unique keys that ON CONFLICT means: the one of these columns, or all. */
function uniquesOf({ columns }: Conflict, { definition, surroundings }: Target): readonly UniqueKey[] {
  if (columns === undefined) return definition.uniques;
  const wanted = [...columns].sort().join();
  const found = definition.uniques.filter(
    (unique) =>
      !unique.where &&
      unique.columns
        .map((column) => definition.columns[column]?.name)
        .sort()
        .join() === wanted,
  );
  return found.length > 0 ? found : surroundings.statement.fail(`no unique key of (${wanted})`);
}

function updateOnConflict(
  set: readonly Assignment[],
  where: Expression | undefined,
  { definition, alias, surroundings }: Target,
): (row: Row, ...put: Parameters<Put>) => Version | undefined {
  const expressions = new ExpressionCompiler(surroundings);
  expressions.scope.sources.push(sourceOf(definition, alias), {
    name: 'excluded',
    columns: definition.columns,
  });
  const assign = compileAssignments(set, definition, expressions);
  const holds = where && expressions.condition(where);
  return (row, proposed, outer, execution) => {
    lockRow(row, execution);
    const version = currentVersion(row, execution);
    if (!version) {
      throw new ServerError('ON CONFLICT DO UPDATE cannot affect a row a second time', CARDINALITY_VIOLATION);
    }
    const tuples = [{ values: version.values, row, version }, { values: proposed }];
    const frame = { tuples, outer, computed: [] };
    if (holds && !holds(frame, execution)) return undefined;
    return updateRow(definition, row, assign(version.values, frame, execution), execution);
  };
}

/** Update and delete: the rows of the table that meet the condition with a row of each other source, each once. */
function compileChange(change: Update | Delete, surroundings: Surroundings): CompiledQuery {
  const definition = surroundings.statement.table(change.table);
  const expressions = new ExpressionCompiler(surroundings);
  expressions.scope.sources.push(sourceOf(definition, change.alias));
  const items = compileItems(change.from, expressions);
  const where = change.where && expressions.condition(change.where);
  const assign = change.kind === 'update' && compileAssignments(change.set, definition, expressions);
  const outputs = compileOutputs(change.returning, expressions);
  return {
    columns: outputs.columns,
    run: (outer, execution) => {
      const changed: Tuple[] = [];
      for (const frame of matches(definition, { items, where, outer }, execution)) {
        const { row, version } = frame.tuples[0] as Required<Tuple>;
        if (!assign) deleteRow(row, execution);
        const now = assign
          ? updateRow(definition, row, assign(version.values, frame, execution), execution)
          : version;
        const tuples = frame.tuples.with(0, { values: now.values, row, version: now });
        changed.push(outputs.tupleOf({ ...frame, tuples }, execution));
      }
      return changed;
    },
  };
}

/** Each row that is to be changed, locked and as it is now, with the rows of the other sources that it met. */
function* matches(
  definition: TableDefinition,
  {
    items,
    where,
    outer,
  }: {
    readonly items: readonly CompiledItem[];
    readonly where: Condition | undefined;
    readonly outer: Frame | undefined;
  },
  execution: Execution,
): Iterable<Frame> {
  const done = new Set<Row>();
  for (const others of joinItems(items, { tuples: [NO_ROW], outer, computed: [] }, execution)) {
    for (const tuple of scan(definition.name, execution)) {
      const row = tuple.row as Row;
      // One frame is tried with each row; only where it holds is a new one made.
      others.tuples[0] = tuple;
      if (done.has(row) || (where && !where(others, execution))) continue;
      lockRow(row, execution);
      const version = currentVersion(row, execution);
      if (!version) continue;
      const now = { ...others, tuples: others.tuples.with(0, { values: version.values, row, version }) };
      if (version !== tuple.version && where && !where(now, execution)) continue;
      done.add(row);
      yield now;
    }
  }
}

const NO_ROW: Tuple = { values: [] };

function compileAssignments(
  set: readonly Assignment[],
  definition: TableDefinition,
  expressions: ExpressionCompiler,
): (before: readonly Value[], frame: Frame, execution: Execution) => readonly Value[] {
  const assignments = set.map(({ column: name, value }) => {
    const column = definition.columns.findIndex((candidate) => candidate.name === name);
    const type = definition.columns[column]?.type ?? expressions.scope.statement.fail(`no column ${name}`);
    const compiled = expressions.convert(expressions.compile(value), type);
    return { column, compiled };
  });
  return (before, frame, execution) => {
    const values = [...before];
    for (const { column, compiled } of assignments) values[column] = compiled.evaluate(frame, execution);
    return values;
  };
}

function sourceOf({ name, columns }: TableDefinition, alias: string | undefined) {
  return { name: alias ?? name, columns, table: name };
}
