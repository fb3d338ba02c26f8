import { createHash } from 'node:crypto';
import type { Execution } from '../database/execution.js';
import type { Compiled } from './compiled.js';
import { cast, commonType } from './operators.js';
import { compare, instantText, type SqlType, type Value } from './values.js';

/** What a call comes to; undefined where the types do not fit. */
type Resolve = (operands: readonly Compiled[]) => Compiled | undefined;

/** A function of values that are given as these types; null with any null. */
function strict(
  types: readonly SqlType[],
  result: SqlType,
  compute: (values: readonly Value[], execution: Execution) => Value,
): Resolve {
  return (operands) => {
    const taken = types.map((type, index) => operands[index] && cast(operands[index], type));
    if (operands.length !== types.length || taken.some((operand) => operand === undefined)) return undefined;
    return {
      type: result,
      evaluate: (frame, execution) => {
        const values = (taken as readonly Compiled[]).map(({ evaluate }) => evaluate(frame, execution));
        return values.includes(null) ? null : compute(values, execution);
      },
    };
  };
}

/** Of any number of values that meet in one type, as `choose` has it. */
function variadic(choose: (values: Iterable<Value>) => Value): Resolve {
  return (operands) => {
    const type = commonType(operands.map((operand) => operand.type));
    const taken = type && operands.map((operand) => cast(operand, type));
    if (type === undefined || taken === undefined || taken.includes(undefined)) return undefined;
    return {
      type,
      evaluate: (frame, execution) =>
        choose(lazily(taken as readonly Compiled[], ({ evaluate }) => evaluate(frame, execution))),
    };
  };
}

function* lazily(operands: readonly Compiled[], evaluate: (operand: Compiled) => Value): Iterable<Value> {
  for (const operand of operands) yield evaluate(operand);
}

function firstKnown(values: Iterable<Value>): Value {
  for (const value of values) if (value !== null) return value;
  return null;
}

/** The one that comes first or last; nulls do not count. */
function extreme(sign: 1 | -1) {
  return (values: Iterable<Value>): Value => {
    let found: Value = null;
    for (const value of values) {
      if (value !== null && (found === null || compare(value, found) * sign < 0)) found = value;
    }
    return found;
  };
}

/** The functions of the seeded database by their names in PostgreSQL; `epoch` and `timezone` have a syntax of their own. */
export const FUNCTIONS: Readonly<Record<string, Resolve>> = {
  coalesce: variadic(firstKnown),
  least: variadic(extreme(1)),
  greatest: variadic(extreme(-1)),
  ceil: strict(['float'], 'float', ([value]) => Math.ceil(value as number)),
  num_nonnulls: (operands) => ({
    type: 'int',
    evaluate: (frame, execution) =>
      operands.filter(({ evaluate }) => evaluate(frame, execution) !== null).length,
  }),
  clock_timestamp: strict([], 'timestamptz', (_values, { engine }) => engine.nowMicros()),
  statement_timestamp: strict([], 'timestamptz', (_values, execution) => execution.startedAtMicros),
  epoch: strict(['interval'], 'float', ([value]) => (value as number) / 1_000_000),
  timezone: strict(['text', 'timestamptz'], 'timestamp', ([zone, instant]) => {
    if (zone !== 'utc')
      throw new RangeError(`the seeded database knows no time zone but utc: ${String(zone)}`);
    return instant as Value;
  }),
  to_char: strict(['timestamp', 'text'], 'text', ([instant, format]) => {
    if (format !== 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') throw new RangeError(`unknown format ${String(format)}`);
    return instantText(instant as number, true);
  }),
  date_trunc: strict(['text', 'timestamptz'], 'timestamptz', ([unit, instant]) => {
    if (unit !== 'milliseconds') throw new RangeError(`the seeded database truncates to no ${String(unit)}`);
    return Math.floor((instant as number) / 1_000) * 1_000;
  }),
  make_interval: strict(['float'], 'interval', ([hours]) => (hours as number) * 3_600_000_000),
  random: strict([], 'float', (_values, { engine }) => engine.random()),
  gen_random_uuid: strict([], 'uuid', (_values, { engine }) => engine.uuid()),
  pg_current_xact_id: strict([], 'xid8', (_values, execution) =>
    execution.engine.xidOf(execution.transaction),
  ),
  // Nothing is done with a snapshot but to ask it for one of its ends: the statement's own stands for it.
  pg_current_snapshot: strict([], 'xid8', () => 0n),
  pg_snapshot_xmin: strict(['xid8'], 'xid8', (_values, { snapshot }) => snapshot.xmin),
  pg_snapshot_xmax: strict(['xid8'], 'xid8', (_values, { snapshot }) => snapshot.xmax),
  array_position: ([array, item]) => {
    const position = strict([array?.type ?? 'unknown', item?.type ?? 'unknown'], 'int', ([items, wanted]) => {
      const index = (items as readonly Value[]).findIndex((one) => one === wanted);
      return index === -1 ? null : index + 1;
    });
    return array && item && position([array, item]);
  },
  hashtextextended: strict(['text', 'int'], 'bigint', ([text]) => {
    return createHash('sha1')
      .update(text as string)
      .digest()
      .readBigInt64BE();
  }),
  pg_try_advisory_xact_lock: strict(['bigint'], 'bool', ([key], execution) =>
    execution.engine.tryAdvisoryLock(execution.transaction, key as bigint),
  ),
};

/** What is computed over many rows. */
export interface Aggregate {
  readonly type: SqlType;
  readonly over: (values: readonly Value[]) => Value;
}

/** @param operand none for `count(*)`, which counts rows */
export function aggregateNamed(name: string, operand: SqlType | undefined): Aggregate | undefined {
  switch (name) {
    case 'count':
      return { type: 'bigint', over: (values) => BigInt(values.filter((value) => value !== null).length) };
    case 'min':
      return operand && { type: operand, over: extreme(1) };
    case 'max':
      return operand && { type: operand, over: extreme(-1) };
    default:
      return undefined;
  }
}
