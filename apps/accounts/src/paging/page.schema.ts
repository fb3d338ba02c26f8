import { z } from 'zod';

/** How many items a page has at most. */
const LIMIT_MAX = 100;
const LIMIT_DEFAULT = 50;

/** More than any cursor of this service has. */
const CURSOR_LENGTH_MAX = 200;

/** A page of a listing; without `nextCursor` it is the last. */
export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor?: string;
}

/** What every listing is asked with; the schema of its cursor is that of the key at which it goes on. */
export function pageQuery<Key extends z.ZodType>(key: Key) {
  return {
    limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT),
    cursor: z
      .string()
      .max(CURSOR_LENGTH_MAX)
      .transform((cursor, context): z.output<Key> => {
        const result = key.safeParse(decoded(cursor));
        if (result.success) return result.data;
        context.addIssue('expected the nextCursor of another page of this listing');
        return z.NEVER;
      })
      .optional(),
  };
}

/** The schema of a page. */
export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item),
    /** Where the next page starts. The last page has none. */
    nextCursor: z.string().optional(),
  });
}

/**
 * Makes a page of the rows that were read: one more than asked for tells that there is another page.
 *
 * @param keyOf the key of the last row shown, at which the next page goes on
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  { view, keyOf }: { readonly view: (row: Row) => Item; readonly keyOf: (row: Row) => unknown },
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(view);
  if (rows.length <= limit || last === undefined) return { items };
  return { items, nextCursor: Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') };
}

function decoded(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
