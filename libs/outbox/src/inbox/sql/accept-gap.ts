import type { Sql } from '../../schema/tables.js';

const ACCEPT_GAP = `
  with accepted as (
    update inbox_key set received = last_sequence - first_sequence + 1, gap_since = null
    where source = $1 and key = $2 and gap_since is not null
    returning 1
  )
  select count(*)::integer as accepted from accepted`;

/**
 * Takes a key's missing messages for settled: they are dropped, or not for this consumer, and are not coming.
 *
 * @returns whether the key had a gap
 */
export async function acceptGap(sql: Sql, source: string, key: string): Promise<boolean> {
  const [row] = await sql.query<{ accepted: number }[]>(ACCEPT_GAP, [source, key]);
  return row?.accepted === 1;
}
