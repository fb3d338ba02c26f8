import { InvalidListError } from '../outbox.errors.js';
import type { ListPage } from './listing.js';

/** Rows of a list that nobody said how long it is to be, and of the longest one. */
export const LIST_LIMIT_DEFAULT = 100;
export const LIST_LIMIT_MAX = 1_000;

/** Where a page ended: each list is ordered by a time, and by a name where that is the same. */
export interface Cursor {
  /** RFC 3339 in UTC with microseconds. */
  readonly at: string;
  readonly name: string;
}

/** What a list's statement is told. */
export interface ListFilter {
  readonly key: string | undefined;
  readonly type: string | undefined;
  readonly limit: number;
  readonly after: Cursor | undefined;
}

const CURSOR = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\/(.+)$/s;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * @param nameIs what a list's cursors have beside the time
 * @throws InvalidListError for a text that no page ended with
 */
export function parseCursor(text: string, nameIs: 'id' | 'key'): Cursor {
  const [, at, name] = CURSOR.exec(text) ?? [];
  const valid = at !== undefined && name !== undefined && !Number.isNaN(Date.parse(at));
  if (valid && (nameIs === 'key' || UUID.test(name))) return { at, name };
  throw new InvalidListError('after', `expected what the page before gave as "next"; got "${text}"`);
}

/** Rows as a page, with the cursor of its last one. */
export function pageOf<Row extends { readonly cursor: string }, Item>(
  rows: readonly Row[],
  limit: number,
  itemOf: (row: Row) => Item,
): ListPage<Item> {
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return { items: rows.map(itemOf), ...(last && { next: last.cursor }) };
}
