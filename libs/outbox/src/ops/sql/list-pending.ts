import type { Sql } from '../../schema/tables.js';
import type { LaneState, ListPage, PendingHead } from '../listing.js';
import { pageOf, type ListFilter } from '../paging.js';

/** One row for each key with something waiting: its first message. It reads every lane, and the heads of one page. */
const LIST_PENDING = `
  select lane.key, head.id, head.sequence, head.type, head.created_at, lane.attempts, lane.failures, lane.last_error,
         case when lane.ready_xid is not null then 'ready' when lane.due_at is not null then 'due' else 'leased'
         end as lane_state, lane.due_at,
         to_char(lane.pending_since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/' || lane.key as cursor
  from outbox_lane as lane
  cross join lateral (
    select id, sequence, type, created_at
    from outbox_message
    where outbox_message.key = lane.key and sequence > lane.settled_sequence
    order by sequence
    limit 1
  ) as head
  where lane.blocked_at is null
    and ($1::text is null or lane.key = $1) and ($2::text is null or head.type = $2)
    and ($3::timestamptz is null or (lane.pending_since, lane.key) > ($3, $4::text))
  order by lane.pending_since, lane.key
  limit $5`;

interface Row {
  readonly key: string;
  readonly id: string;
  readonly sequence: string;
  readonly type: string;
  readonly created_at: Date;
  readonly attempts: number;
  readonly failures: number;
  readonly last_error: string | null;
  readonly lane_state: Exclude<LaneState, 'blocked'>;
  readonly due_at: Date | null;
  readonly cursor: string;
}

/** The first waiting message of each key that is not blocked, the longest waiting key first. */
export async function listPending(
  sql: Sql,
  { key, type, limit, after }: ListFilter,
): Promise<ListPage<PendingHead>> {
  const rows = await sql.query<Row[]>(LIST_PENDING, [key, type, after?.at, after?.name, limit]);
  return pageOf(rows, limit, (row) => ({
    state: 'pending',
    id: row.id,
    key: row.key,
    sequence: BigInt(row.sequence),
    type: row.type,
    lane: row.lane_state,
    attempts: row.attempts,
    failures: row.failures,
    error: row.last_error,
    createdAt: row.created_at,
    dueAt: row.due_at,
  }));
}
