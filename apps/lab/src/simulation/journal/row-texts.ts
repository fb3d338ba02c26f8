import type { Column } from '../sql/compiled.js';
import { instantText, type Value } from '../sql/values.js';

/** A row, each value as its text. */
export type TextRow = readonly (string | null)[];

/** A value of the seeded database as PostgreSQL shows it. */
export function textOf(value: Value, type = 'text'): string | null {
  if (value === null) return null;
  if (type === 'timestamptz') return instantText(value as number);
  if (type === 'bool') return value === true ? 't' : 'f';
  if (type === 'bytea') return `\\x${value as string}`;
  return String(value);
}

/** A text of PostgreSQL's as the other one has it: numbers of floating point have several. */
export function plainText(text: string | null, column: Column | undefined): string | null {
  return text !== null && column?.type === 'float' ? String(Number(text)) : text;
}

/**
 * Times that stand for the same. A statement that waits reads the clock before and after; what PostgreSQL has read
 * before, the seeded database reads again when it runs the statement anew.
 */
export class Moments {
  private readonly earlier = new Map<string, string>();

  areOne(fromMicros: number, toMicros: number): void {
    const [from, to] = [this.of(instantText(fromMicros)), this.of(instantText(toMicros))];
    if (from !== to) this.earlier.set(to, from);
  }

  of(text: string): string {
    const same = this.earlier.get(text);
    return same === undefined ? text : this.of(same);
  }
}

/** The rows that only one of both has, in whatever order they are. */
export function differing(
  one: readonly TextRow[],
  other: readonly TextRow[],
  moments: Moments,
): readonly [onlyOne: readonly string[], onlyOther: readonly string[]] {
  const texts = (rows: readonly TextRow[]) =>
    rows.map((row) => JSON.stringify(row.map((cell) => (cell === null ? cell : moments.of(cell)))));
  const [left, right] = [texts(one), texts(other)];
  return [without(left, right), without(right, left)];
}

function without(texts: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return texts.filter((text) => {
    const found = left.indexOf(text);
    if (found !== -1) left.splice(found, 1);
    return found === -1;
  });
}
