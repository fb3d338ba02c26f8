import type { Execution } from '../database/execution.js';
import type { Tuple } from '../database/rows.js';
import { currentVersion, lockRow } from '../database/writes.js';
import { ExpressionCompiler } from './compile-expression.js';
import { compileItems, joinItems, type CompiledItem } from './compile-from.js';
import { compileWrite } from './compile-write.js';
import type { Column, Compiled, CompiledQuery, Condition, Frame } from './compiled.js';
import { aggregate, computeWindows, groupBy, sortFrames } from './frames.js';
import { commonType, conversionOf } from './operators.js';
import { compileOutputs } from './outputs.js';
import type { Surroundings } from './scope.js';
import type { Body, Locking, Ordering, Output, Query, Select, Union, Values } from './syntax.js';
import { keyOf } from './values.js';

/**
 * A query with its common table expressions: each is run once, in their order, and then the body.
 */
export function compileQuery(query: Query, { statement, outer, commonTables }: Surroundings): CompiledQuery {
  const known = new Map(commonTables);
  const before = query.with.map(({ name, columns: names, query: inner }) => {
    const compiled = compileQuery(inner, { statement, outer, commonTables: known });
    const columns = compiled.columns.map((column, index) => ({
      ...column,
      name: names?.[index] ?? column.name,
    }));
    const slot = statement.newSlot();
    known.set(name, { slot, columns });
    return { slot, run: compiled.run };
  });
  const body = compileBody(query.body, { statement, outer, commonTables: known });
  return {
    columns: body.columns,
    run: (frame, execution) => {
      for (const { slot, run } of before) execution.commonTables[slot] = run(frame, execution);
      return body.run(frame, execution);
    },
  };
}

/** A query or a write without common table expressions of its own. */
export function compileBody(body: Body, surroundings: Surroundings): CompiledQuery {
  switch (body.kind) {
    case 'select':
      return compileSelect(body, surroundings);
    case 'union':
      return compileUnion(body, surroundings);
    case 'values':
      return compileValues(body, surroundings);
    case 'insert':
    case 'update':
    case 'delete':
      return compileWrite(body, surroundings);
  }
}

function compileSelect(select: Select, surroundings: Surroundings): CompiledQuery {
  const expressions = new ExpressionCompiler(surroundings);
  const items = compileItems(select.from, expressions);
  const where = select.where && expressions.condition(select.where);
  const outputs = compileOutputs(select.outputs, expressions);
  const groups = select.groupBy.map((by) => expressions.compile(by));
  const orders = expressions.orders(select.orderBy.map((order) => byOutput(order, select.outputs)));
  const limit = select.limit && expressions.compile(select.limit);
  const lock = select.locking && locker(select.locking, expressions, items, where);
  const { computed } = expressions;
  const grouped = groups.length > 0 || computed.some(({ over }) => !over);
  return {
    columns: outputs.columns,
    run: (outer, execution) => {
      const first: Frame = { tuples: [], outer, computed: [] };
      let frames = joinItems(items, first, execution, where);
      if (grouped) frames = groupFrames(frames, groups, { expressions, first, execution });
      else if (computed.length > 0) frames = computeWindows(frames, computed, execution);
      frames = sortFrames(frames, orders, execution);
      const most = limit ? Number(limit.evaluate(first, execution) ?? Infinity) : Infinity;
      const taken = lock ? lock(frames, most, execution) : frames.slice(0, most);
      return taken.map((frame) => outputs.tupleOf(frame, execution));
    },
  };
}

/** A name in ORDER BY is that of an output first. */
function byOutput(order: Ordering, outputs: readonly Output[]): Ordering {
  const { by } = order;
  if (by.kind !== 'column' || by.source !== undefined) return order;
  const output = outputs.find(({ name, expression }) => expression && name === by.name);
  return output?.expression ? { ...order, by: output.expression } : order;
}

function groupFrames(
  frames: readonly Frame[],
  by: readonly Compiled[],
  { expressions, first, execution }: { expressions: ExpressionCompiler; first: Frame; execution: Execution },
): Frame[] {
  const groups = groupBy(frames, (frame) => keyOf(by.map(({ evaluate }) => evaluate(frame, execution))));
  // Without GROUP BY there is one group, of no rows too.
  if (by.length === 0 && groups.size === 0) groups.set('', []);
  return [...groups.values()].map((group) => ({
    ...(group[0] ?? first),
    computed: expressions.computed.map((one) => aggregate(group, one, execution)),
  }));
}

/** Locks the rows of frames one by one, in their order, until there are enough; one that has changed is judged anew. */
function locker(
  { of, skipLocked }: Locking,
  { scope }: ExpressionCompiler,
  items: readonly CompiledItem[],
  where: Condition | undefined,
) {
  const sources = scope.sources.flatMap(({ name, table }, index) =>
    table !== undefined && (of === undefined || of === name) ? [index] : [],
  );
  const holds = (frame: Frame, execution: Execution) =>
    items.every(({ on }) => !on || on(frame, execution)) && (!where || where(frame, execution));
  return (frames: readonly Frame[], most: number, execution: Execution): Frame[] => {
    const locked: Frame[] = [];
    for (const frame of frames) {
      if (locked.length >= most) break;
      const now = lockFrame(frame, sources, { skipLocked, execution });
      if (now && (now === frame || holds(now, execution))) locked.push(now);
    }
    return locked;
  };
}

/** @returns the frame as it is now; undefined if a row of it is another's or gone */
function lockFrame(
  frame: Frame,
  sources: readonly number[],
  { skipLocked, execution }: { readonly skipLocked: boolean; readonly execution: Execution },
): Frame | undefined {
  let now = frame;
  for (const index of sources) {
    const { row, version } = frame.tuples[index] as Tuple;
    if (!row) continue;
    if (!lockRow(row, execution, skipLocked)) return undefined;
    const current = currentVersion(row, execution);
    if (!current) return undefined;
    if (current === version) continue;
    now = { ...now, tuples: now.tuples.with(index, { values: current.values, row, version: current }) };
  }
  return now;
}

/** The parts one after the other, each column in the type in which they meet. */
function compileUnion({ parts }: Union, surroundings: Surroundings): CompiledQuery {
  const compiled = parts.map((part) => compileBody(part, surroundings));
  const columns = (compiled[0]?.columns ?? []).map((column, index): Column => {
    const types = compiled.map((part) => part.columns[index]?.type ?? 'unknown');
    const type = commonType(types) ?? surroundings.statement.fail(`a union of ${types.join(' and ')}`);
    return { ...column, type };
  });
  const converted = compiled.map((part) => {
    const conversions = columns.map(({ type }, index) => {
      const from = part.columns[index]?.type ?? type;
      return conversionOf(from, type) ?? surroundings.statement.fail(`a union of ${from} and ${type}`);
    });
    return (frame: Frame | undefined, execution: Execution) =>
      part.run(frame, execution).map(({ values }) => ({
        values: conversions.map((convert, index) => {
          const value = values[index] ?? null;
          return value === null ? null : convert(value);
        }),
      }));
  });
  return { columns, run: (frame, execution) => converted.flatMap((run) => run(frame, execution)) };
}

function compileValues({ rows }: Values, surroundings: Surroundings): CompiledQuery {
  const expressions = new ExpressionCompiler(surroundings);
  const compiled = rows.map((row) => row.map((value) => expressions.compile(value)));
  const columns = (compiled[0] ?? []).map((_, index): Column => {
    const type = commonType(compiled.map((row) => row[index]?.type ?? 'unknown'));
    if (type === undefined) return surroundings.statement.fail('a column of several types');
    return { name: `column${index + 1}`, type };
  });
  const converted = compiled.map((row) =>
    row.map((value, index) => expressions.convert(value, columns[index]?.type ?? 'unknown')),
  );
  return {
    columns,
    run: (outer, execution) => {
      const frame: Frame = { tuples: [], outer, computed: [] };
      return converted.map((row) => ({ values: row.map(({ evaluate }) => evaluate(frame, execution)) }));
    },
  };
}
