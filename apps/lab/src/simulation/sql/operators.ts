import type { Compiled } from './compiled.js';
import { coerce, compare, elementOf, isArray, textOf, type SqlType, type Value } from './values.js';

/** From the narrowest to the widest: two numbers meet in the wider one's type. */
const NUMBERS: readonly SqlType[] = ['int', 'bigint', 'float'];

/** The value as another type has it; undefined where the seeded database has no such cast. */
export function cast(operand: Compiled, type: SqlType): Compiled | undefined {
  const convert = conversionOf(operand.type, type);
  if (convert === undefined) return undefined;
  const { evaluate } = operand;
  if (convert === same) return { type, evaluate };
  return {
    type,
    evaluate: (frame, execution) => {
      const value = evaluate(frame, execution);
      return value === null ? null : convert(value);
    },
  };
}

/** Of a value that is not null. */
type Conversion = (value: Value) => Value;

const same: Conversion = (value) => value;

/** How values of one type become those of another; undefined where they do not. */
export function conversionOf(from: SqlType, to: SqlType): Conversion | undefined {
  if (from === to || to === 'unknown') return same;
  if (from === 'unknown' || from === 'text') return (value) => coerce(value, to);
  if (from === 'unknown[]') return (value) => coerce(value, to);
  if (isArray(from) && isArray(to)) {
    const item = conversionOf(elementOf(from), elementOf(to));
    return item && ((value) => (value as readonly Value[]).map((one) => (one === null ? null : item(one))));
  }
  if (to === 'text') return (value) => textOf(value, from);
  return CONVERSIONS[`${from} ${to}`];
}

const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  'int bigint': (value) => BigInt(value as number),
  'int float': same,
  'bigint float': Number,
  'bigint int': Number,
  'float int': (value) => Math.round(value as number),
  'float bigint': (value) => BigInt(Math.round(value as number)),
  'bool int': Number,
  'timestamp date': dayOf,
  'timestamptz date': dayOf,
};

function dayOf(micros: Value): string {
  return new Date(Math.floor((micros as number) / 1_000)).toISOString().slice(0, 10);
}

/** The type in which values of these types meet; undefined for types that cannot. */
export function commonType(types: readonly SqlType[]): SqlType | undefined {
  const known = [...new Set(types.filter((type) => type !== 'unknown'))];
  if (known.length <= 1) return known[0] ?? 'unknown';
  if (!known.every((type) => NUMBERS.includes(type))) return undefined;
  return known.reduce((one, other) => (NUMBERS.indexOf(one) > NUMBERS.indexOf(other) ? one : other));
}

/** What `left operator right` comes to; undefined where the seeded database has no such operator. */
export function binary(operator: string, left: Compiled, right: Compiled): Compiled | undefined {
  const comparison = COMPARISONS[operator];
  if (comparison) return compared(comparison, left, right);
  if (operator === '||')
    return onTypes(
      'text',
      apply((one, other) => `${one as string}${other as string}`),
      left,
      right,
    );
  return arithmetic(operator, left, right);
}

type Operation = (one: Value, other: Value) => Value;

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '>': (order) => order > 0,
  '<=': (order) => order <= 0,
  '>=': (order) => order >= 0,
};

function compared(comparison: (order: number) => boolean, left: Compiled, right: Compiled) {
  const type = commonType([left.type, right.type]);
  if (type === undefined) return undefined;
  return onTypes(
    type,
    apply((one, other) => comparison(compare(one, other))),
    left,
    right,
    'bool',
  );
}

const NUMERIC: Readonly<Record<string, (one: number, other: number) => number>> = {
  '+': (one, other) => one + other,
  '-': (one, other) => one - other,
  '*': (one, other) => one * other,
  '/': (one, other) => one / other,
  '^': (one, other) => one ** other,
};

const WHOLE: Readonly<Record<string, (one: bigint, other: bigint) => bigint>> = {
  '+': (one, other) => one + other,
  '-': (one, other) => one - other,
  '*': (one, other) => one * other,
};

/** Times and spans: what they come to, and the types in which the two sides are taken. */
const TEMPORAL: Readonly<Record<string, readonly [left: SqlType, right: SqlType, result: SqlType]>> = {
  'timestamptz + interval': ['timestamptz', 'interval', 'timestamptz'],
  'timestamptz - interval': ['timestamptz', 'interval', 'timestamptz'],
  'timestamptz - timestamptz': ['timestamptz', 'timestamptz', 'interval'],
};

function arithmetic(operator: string, left: Compiled, right: Compiled): Compiled | undefined {
  const temporal = TEMPORAL[`${left.type} ${operator} ${right.type}`];
  const numeric = NUMERIC[operator];
  if (numeric === undefined) return undefined;
  if (temporal) return joined(temporal, numeric, left, right);
  if (operator === '*' && right.type === 'interval') {
    return joined(['float', 'interval', 'interval'], numeric, left, right);
  }
  const type = operator === '^' ? 'float' : commonType([left.type, right.type]);
  if (type === 'bigint') {
    const whole = WHOLE[operator];
    return (
      whole &&
      onTypes(
        type,
        apply((one, other) => whole(one as bigint, other as bigint)),
        left,
        right,
      )
    );
  }
  if (type !== 'float' && type !== 'int') return undefined;
  const rounded = type === 'int' && operator === '/' ? Math.trunc : Number;
  return onTypes(
    type,
    apply((one, other) => rounded(numeric(one as number, other as number))),
    left,
    right,
  );
}

function joined(
  [leftType, rightType, type]: readonly [SqlType, SqlType, SqlType],
  numeric: (one: number, other: number) => number,
  left: Compiled,
  right: Compiled,
): Compiled | undefined {
  const [one, other] = [cast(left, leftType), cast(right, rightType)];
  return (
    one &&
    other &&
    combine(
      type,
      apply((a, b) => numeric(a as number, b as number)),
      one,
      other,
    )
  );
}

/** Both sides as one type; the result is of that type too, unless it is said otherwise. */
function onTypes(
  type: SqlType,
  operation: Operation,
  left: Compiled,
  right: Compiled,
  result = type,
): Compiled | undefined {
  const [one, other] = [cast(left, type), cast(right, type)];
  return one && other && combine(result, operation, one, other);
}

function combine(type: SqlType, operation: Operation, left: Compiled, right: Compiled): Compiled {
  return {
    type,
    evaluate: (frame, execution) =>
      operation(left.evaluate(frame, execution), right.evaluate(frame, execution)),
  };
}

/** Null with anything is null. */
function apply(operation: (one: Value, other: Value) => Value): Operation {
  return (one, other) => (one === null || other === null ? null : operation(one, other));
}
