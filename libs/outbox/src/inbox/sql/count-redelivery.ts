import type { Sql } from '../../schema/tables.js';
import type { MessageIdentity } from '../message-identity.js';

/**
 * Counts a redelivery. A message that is buried already comes again when its acknowledgement was lost: it is not
 * counted anew, but has the count that it was buried with, so that the transport buries it again and handles nothing.
 */
const COUNT_REDELIVERY = `
  with buried as (
    select deliveries from inbox_dead_letter where channel = $1 and sequence = $2 and digest = $3
  ), counted as (
    insert into inbox_redelivery as known (channel, sequence, digest, redeliveries)
    select $1, $2, $3, 1 where not exists (select from buried)
    on conflict (channel, sequence, digest) do update
    set redeliveries = known.redeliveries + 1, counted_at = clock_timestamp()
    returning redeliveries
  )
  select deliveries as count from buried union all select redeliveries from counted`;

/** @returns how many redeliveries of the message have been counted, this one included */
export async function countRedelivery(
  sql: Sql,
  { channel, sequence, digest }: MessageIdentity,
): Promise<number> {
  const [row] = await sql.query<{ count: number }[]>(COUNT_REDELIVERY, [channel, sequence, digest]);
  if (!row) throw new Error('PostgreSQL counted a redelivery and returned no row');
  return row.count;
}
