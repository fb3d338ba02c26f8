import type { Sql } from '../../schema/tables.js';

const FIND_PARKED = `
  select id from outbox_parked
  where ($1::text is null or key = $1) and ($2::text is null or type = $2)
  order by parked_at, id`;

/** The ids of all parked messages of a key, or of a type. */
export async function findParked(
  sql: Sql,
  { key, type }: { readonly key?: string; readonly type?: string },
): Promise<string[]> {
  const rows = await sql.query<{ id: string }[]>(FIND_PARKED, [key, type]);
  return rows.map(({ id }) => id);
}
