import { summaryOf, type DeadLetterRow } from '../../inbox/dead-letter.js';
import type { Sql } from '../../schema/tables.js';
import type { DeadLetterItem, ListPage } from '../listing.js';
import { pageOf, type ListFilter } from '../paging.js';

const LIST_DEAD = `
  select id, channel, sequence, event_source, event_id, reason, deliveries, error, buried_at,
         to_char(buried_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/' || id as cursor
  from inbox_dead_letter
  where ($1::text is null or channel = $1)
    and ($2::timestamptz is null or (buried_at, id) > ($2, $3::text::uuid))
  order by buried_at, id
  limit $4`;

/** The dead letters of one channel or all, the oldest first, without their payloads. */
export async function listDead(
  sql: Sql,
  { type, limit, after }: ListFilter,
): Promise<ListPage<DeadLetterItem>> {
  const rows = await sql.query<(DeadLetterRow & { readonly cursor: string })[]>(LIST_DEAD, [
    type,
    after?.at,
    after?.name,
    limit,
  ]);
  return pageOf(rows, limit, (row) => ({ state: 'dead', ...summaryOf(row) }));
}
