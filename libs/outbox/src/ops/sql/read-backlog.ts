import type { Sql } from '../../schema/tables.js';
import type { Backlog } from '../stats.js';

/**
 * Counts lanes, of which there is one for each key with something waiting, and no more of them than the cap. How many
 * messages wait is told by the counters of their keys.
 */
const READ_BACKLOG = `
  select count(*)::int as lanes,
         coalesce(sum(case when lane.ordered then counter.last_sequence - lane.settled_sequence else 1 end), 0) as pending,
         (extract(epoch from clock_timestamp() - min(lane.pending_since)) * 1000)::float8 as oldest_ms,
         count(lane.ready_xid)::int as ready, count(lane.due_at)::int as due,
         count(lane.lease_token)::int as leased, count(lane.blocked_at)::int as blocked
  from (select * from outbox_lane limit $1) as lane
  left join outbox_key as counter on lane.ordered and counter.key = lane.key`;

interface Row {
  readonly lanes: number;
  readonly pending: string;
  readonly oldest_ms: number | null;
  readonly ready: number;
  readonly due: number;
  readonly leased: number;
  readonly blocked: number;
}

export async function readBacklog(sql: Sql, lanesMax: number): Promise<Backlog> {
  const [row] = await sql.query<Row[]>(READ_BACKLOG, [lanesMax]);
  if (!row) throw new Error('PostgreSQL answered an aggregate with no row');
  const { lanes, pending, oldest_ms: oldestMs, ready, due, leased, blocked } = row;
  return {
    pending: BigInt(pending),
    capped: lanes === lanesMax,
    oldestPendingAgeMs: oldestMs === null ? null : Math.max(0, Math.round(oldestMs)),
    lanes: { ready, due, leased, blocked },
  };
}
