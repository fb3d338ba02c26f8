/**
 * A value as the seeded database holds it: `int` and `float` as number, `bigint` and `xid8` as bigint; `timestamptz`,
 * `timestamp` and `interval` as microseconds in a number (exact to the year 2255); `date`, `uuid` and `text` as text;
 * `bytea` as its hex digits; `tid` as the number of the row version.
 */
export type Value = null | boolean | number | bigint | string | readonly Value[];

export type ScalarType =
  | 'bool'
  | 'int'
  | 'bigint'
  | 'float'
  | 'text'
  | 'uuid'
  | 'timestamptz'
  | 'timestamp'
  | 'date'
  | 'interval'
  | 'bytea'
  | 'xid8'
  | 'tid'
  /** A literal in quotes, or a parameter: it takes the type of what it meets. */
  | 'unknown';

export type SqlType = ScalarType | `${ScalarType}[]`;

const TYPE_NAMES: Readonly<Record<string, ScalarType>> = {
  boolean: 'bool',
  bool: 'bool',
  int: 'int',
  int4: 'int',
  integer: 'int',
  smallint: 'int',
  bigint: 'bigint',
  int8: 'bigint',
  float8: 'float',
  numeric: 'float',
  text: 'text',
  char: 'text',
  uuid: 'uuid',
  timestamptz: 'timestamptz',
  date: 'date',
  interval: 'interval',
  bytea: 'bytea',
  xid8: 'xid8',
  json: 'text',
};

/** The type of this name; undefined for one that the seeded database does not have. */
export function typeNamed(name: string): ScalarType | undefined {
  return TYPE_NAMES[name];
}

export function elementOf(type: SqlType): ScalarType {
  return (type.endsWith('[]') ? type.slice(0, -2) : type) as ScalarType;
}

export function isArray(type: SqlType): boolean {
  return type.endsWith('[]');
}

const MICROS_PER_MS = 1_000;
const INSTANT = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(Z|[+-]\d{2}(?::?\d{2})?)$/;

/** A value of the driver, or of unknown type, as a value of the given type. */
export function coerce(value: unknown, type: SqlType): Value {
  if (value === null || value === undefined) return null;
  if (isArray(type)) return (value as readonly unknown[]).map((item) => coerce(item, elementOf(type)));
  return (COERCIONS[type as ScalarType] ?? textFrom)(value);
}

const COERCIONS: Readonly<Partial<Record<ScalarType, (value: unknown) => Value>>> = {
  bool: (value) => value === true || value === 'true',
  int: Number,
  float: Number,
  bigint: (value) => BigInt(value as string),
  xid8: (value) => BigInt(value as string),
  timestamptz: instantOf,
  timestamp: instantOf,
  date: (value) => (value instanceof Date ? value.toISOString().slice(0, 10) : textFrom(value)),
  bytea: (value) => (Buffer.isBuffer(value) ? value.toString('hex') : textFrom(value)),
  interval: (value) => microsOf(textFrom(value)),
};

function textFrom(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

/** @throws RangeError for a text that is no instant */
function instantOf(value: unknown): number {
  if (value instanceof Date) return value.getTime() * MICROS_PER_MS;
  if (typeof value === 'number') return value;
  if (value === '-infinity') return -Infinity;
  const [, day, time, fraction = '', zone] = INSTANT.exec(textFrom(value)) ?? [];
  if (day === undefined) throw new RangeError(`not an instant: ${textFrom(value)}`);
  const offset = zone === 'Z' ? 'Z' : `${zone}:00`.slice(0, 6);
  return Date.parse(`${day}T${time}${offset}`) * MICROS_PER_MS + Number(fraction.padEnd(6, '0'));
}

const UNIT_MICROS: Readonly<Record<string, number>> = {
  millisecond: MICROS_PER_MS,
  second: 1_000_000,
  hour: 3_600_000_000,
};

/** @throws RangeError for a text that is no interval of one unit */
function microsOf(text: string): number {
  const [, count, unit = ''] = /^(\d+) ([a-z]+?)s?$/.exec(text) ?? [];
  const micros = UNIT_MICROS[unit];
  if (micros === undefined) throw new RangeError(`not an interval of one unit: ${text}`);
  return Number(count) * micros;
}

/** A value as `::text` has it. */
export function textOf(value: Value, type: SqlType): string | null {
  if (value === null) return null;
  return type === 'timestamptz' ? instantText(value as number) : String(value);
}

/** In UTC, as a session in that time zone shows it, or in the form of ISO 8601. */
export function instantText(micros: number, iso = false): string {
  const seconds = Math.floor(micros / 1_000_000);
  const text = new Date(seconds * 1_000).toISOString().slice(0, 19);
  const fraction = String(micros - seconds * 1_000_000).padStart(6, '0');
  if (iso) return `${text}.${fraction}Z`;
  const shown = fraction.replace(/0+$/, '');
  return `${text.replace('T', ' ')}${shown === '' ? '' : `.${shown}`}+00`;
}

/** A value as the driver hands it to the program. */
export function toDriver(value: Value, type: SqlType): unknown {
  if (value === null) return null;
  if (isArray(type)) return (value as readonly Value[]).map((item) => toDriver(item, elementOf(type)));
  return (TO_DRIVER[type as ScalarType] ?? ((as) => as))(value);
}

const TO_DRIVER: Readonly<Partial<Record<ScalarType, (value: Value) => unknown>>> = {
  bigint: String,
  xid8: String,
  tid: String,
  timestamptz: (value) => new Date(Math.floor((value as number) / MICROS_PER_MS)),
  bytea: (value) => Buffer.from(value as string, 'hex'),
};

/** Below zero where `one` comes first; neither is null. */
export function compare(one: Value, other: Value): number {
  if (one === other) return 0;
  return (one as number) < (other as number) ? -1 : 1;
}

/** Nulls come last, as in PostgreSQL. */
export function compareNullsLast(one: Value, other: Value): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  return compare(one, other);
}

/** A text that is the same for equal rows of values, and for no others. */
export function keyOf(values: readonly Value[]): string {
  return values
    .map((value) => (value === null ? 'n' : `${typeof value}:${String(value as string)}`))
    .join('|');
}
