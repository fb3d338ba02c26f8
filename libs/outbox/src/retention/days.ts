/** A day in UTC, as its number since 1970-01-01. Partitions are made and dropped by whole days. */
export type Day = number;

/** Milliseconds of a UTC day: Unix time knows no leap second. */
export const DAY_MS = 86_400_000;

/** The day of a time in milliseconds since 1970. */
export function dayOf(atMs: number): Day {
  return Math.floor(atMs / DAY_MS);
}

/** A day as partitions are named after it: `20261122`. */
export function dayText(day: Day): string {
  return startOf(day).slice(0, 10).replaceAll('-', '');
}

/** Reads what {@link dayText} wrote. */
export function parseDay(text: string): Day {
  return dayOf(Date.parse(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}T00:00:00Z`));
}

/** A day's first millisecond, RFC 3339. */
export function startOf(day: Day): string {
  return new Date(day * DAY_MS).toISOString();
}

/**
 * Below every UUIDv7 of the day and above every one of the days before: RFC 9562 puts the milliseconds since
 * 1970 into the first 48 bits, and the version that follows is never 0.
 */
export function firstIdOf(day: Day): string {
  const time = (day * DAY_MS).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

/** What partitions there are to be: those of the days from `today - back` to `today + ahead`. */
export interface DaySpan {
  readonly today: Day;
  readonly back: number;
  readonly ahead: number;
}

/**
 * The days of the span that have no partition yet. None is before the oldest that exists: a day that was dropped
 * is never made again, or an inbox would take for new what it handled before its memory was shortened.
 */
export function missingDays(existing: ReadonlySet<Day>, { today, back, ahead }: DaySpan): Day[] {
  const oldest = existing.size > 0 ? Math.min(...existing) : -Infinity;
  const first = Math.max(today - back, oldest);
  return Array.from({ length: today + ahead - first + 1 }, (_, nth) => first + nth).filter(
    (day) => !existing.has(day),
  );
}

/** How many days after today can be written to, without a hole; -1 when today can't either. */
export function daysAhead(existing: ReadonlySet<Day>, today: Day): number {
  let day = today;
  while (existing.has(day)) day++;
  return day - today - 1;
}
