import type { Sql } from '../../schema/tables.js';
import type { BlockedKey, ListPage } from '../listing.js';
import { pageOf, type ListFilter } from '../paging.js';

/** How many wait is told by the key's counter: no message is counted. */
const LIST_BLOCKED = `
  select lane.key, lane.blocked_at, parked.id, lane.settled_sequence + 1 as sequence, parked.type,
         parked.attempts, parked.failures, parked.error,
         counter.last_sequence - lane.settled_sequence - 1 as waiting_behind,
         to_char(lane.blocked_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/' || lane.key as cursor
  from outbox_lane as lane
  left join outbox_key as counter on counter.key = lane.key
  left join outbox_parked as parked
    on parked.policy = 'block' and parked.key = lane.key and parked.sequence = lane.settled_sequence + 1
  where lane.blocked_at is not null
    and ($1::text is null or lane.key = $1) and ($2::text is null or parked.type = $2)
    and ($3::timestamptz is null or (lane.blocked_at, lane.key) > ($3, $4::text))
  order by lane.blocked_at, lane.key
  limit $5`;

interface Row {
  readonly key: string;
  readonly blocked_at: Date;
  readonly id: string | null;
  readonly sequence: string;
  readonly type: string | null;
  readonly attempts: number | null;
  readonly failures: number | null;
  readonly error: string | null;
  readonly waiting_behind: string | null;
  readonly cursor: string;
}

/** The keys that wait for a human, the longest blocked first. */
export async function listBlocked(
  sql: Sql,
  { key, type, limit, after }: ListFilter,
): Promise<ListPage<BlockedKey>> {
  const rows = await sql.query<Row[]>(LIST_BLOCKED, [key, type, after?.at, after?.name, limit]);
  return pageOf(rows, limit, (row) => ({
    state: 'blocked',
    key: row.key,
    blockedAt: row.blocked_at,
    waitingBehind: BigInt(row.waiting_behind ?? 0),
    id: row.id,
    sequence: BigInt(row.sequence),
    type: row.type,
    attempts: row.attempts,
    failures: row.failures,
    error: row.error,
  }));
}
