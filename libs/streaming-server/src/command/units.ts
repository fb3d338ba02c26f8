const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const SIZE_UNITS_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
};

/** Milliseconds of a duration as Go writes it: `1h30m`, `500ms`, `1.5s`, `0`. Undefined if it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (DURATION_UNITS_MS[unit ?? ''] ?? 0);
  }
  return total;
}

/** Bytes of a size such as `1024`, `64KB` or `1G`; units are powers of 1024. Undefined if it is none. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+)\s*([KMGT]?)B?$/i.exec(text);
  const unit = SIZE_UNITS_BYTES[(match?.[2] ?? '').toUpperCase()];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** Undefined if the text is not a whole number. */
export function parseInteger(text: string): number | undefined {
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** Go's spellings of true and false. */
export function parseBoolean(text: string): boolean | undefined {
  if (/^(1|t|true)$/i.test(text)) return true;
  return /^(0|f|false)$/i.test(text) ? false : undefined;
}
