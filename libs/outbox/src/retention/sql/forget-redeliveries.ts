import type { Sql } from '../../schema/tables.js';

/** Messages that were handled after all leave their count behind: whether they were is not told to it. */
const FORGET_REDELIVERIES = `
  with forgotten as (
    delete from inbox_redelivery
    where counted_at < clock_timestamp() - make_interval(days => $1)
    returning 1
  )
  select count(*)::integer as forgotten from forgotten`;

/** @returns how many counts were removed */
export async function forgetRedeliveries(sql: Sql, keepDays: number): Promise<number> {
  const [row] = await sql.query<{ forgotten: number }[]>(FORGET_REDELIVERIES, [keepDays]);
  return row?.forgotten ?? 0;
}
