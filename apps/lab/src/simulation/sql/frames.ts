import type { Execution } from '../database/execution.js';
import type { Computed, Order } from './compile-expression.js';
import type { Frame } from './compiled.js';
import { compareNullsLast, keyOf, type Value } from './values.js';

/** Computes what each frame's expressions want of the others: see {@link Computed.over}. */
export function computeWindows(
  frames: readonly Frame[],
  computed: readonly Computed[],
  execution: Execution,
): Frame[] {
  const columns = computed.map((one) => {
    const { partitionBy = [], orderBy = [] } = one.over ?? {};
    const partitions = groupBy(frames, (frame) =>
      keyOf(partitionBy.map((by) => by.evaluate(frame, execution))),
    );
    const found = new Map<Frame, Value>();
    for (const partition of partitions.values()) {
      const ordered = sortFrames(partition, orderBy, execution);
      const whole = one.aggregate === 'row number' ? null : aggregate(partition, one, execution);
      ordered.forEach((frame, index) => {
        found.set(frame, one.aggregate === 'row number' ? BigInt(index + 1) : whole);
      });
    }
    return found;
  });
  return frames.map((frame) => ({ ...frame, computed: columns.map((found) => found.get(frame) ?? null) }));
}

/** The aggregate of a group of frames. */
export function aggregate(
  frames: readonly Frame[],
  { aggregate: kind, operand, filter }: Computed,
  execution: Execution,
): Value {
  if (kind === 'row number') return null;
  const counted = filter ? frames.filter((frame) => filter.evaluate(frame, execution) === true) : frames;
  return kind.over(counted.map((frame) => (operand ? operand.evaluate(frame, execution) : true)));
}

export function sortFrames(
  frames: readonly Frame[],
  orders: readonly Order[],
  execution: Execution,
): readonly Frame[] {
  if (orders.length === 0) return frames;
  const keyed = frames.map((frame) => ({
    frame,
    key: orders.map(({ by }) => by.evaluate(frame, execution)),
  }));
  keyed.sort((one, other) => {
    for (const [index, { descending }] of orders.entries()) {
      const order = compareNullsLast(one.key[index] ?? null, other.key[index] ?? null);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
  return keyed.map(({ frame }) => frame);
}

export function groupBy<Item>(
  items: readonly Item[],
  keyOfItem: (item: Item) => string,
): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOfItem(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
