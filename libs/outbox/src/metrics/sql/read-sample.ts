import type { Sql } from '../../schema/tables.js';
import type { OutboxSample } from '../outbox-sample.js';

/**
 * Everything that is asked of the database for gauges and health, in one statement. It reads the small tables only,
 * and counts no more rows of any than the cap.
 *
 * The age is that of what could leave now: a key that is blocked waits for a human, and a message that is not to
 * leave yet is not late. (A lane that is due after a failed publish has counted an attempt.)
 */
export const READ_SAMPLE = `
  select backlog.*,
         (select count(*) from (select from outbox_lane where blocked_at is not null limit $1) as lane)::int as blocked,
         (select count(*) from outbox_lease)::int as leases,
         parked.*,
         (select count(*) from (select from inbox_dead_letter limit $1) as letter)::int as dead_letters,
         (select count(*) from (
            select from inbox_key where gap_since < clock_timestamp() - $2 * interval '1 millisecond' limit $1
          ) as gap)::int as open_gaps
  from (
    select count(*)::int as lanes,
           coalesce(sum(case when lane.ordered then counter.last_sequence - lane.settled_sequence else 1 end), 0)::float8
             as pending,
           (extract(epoch from clock_timestamp() - min(lane.pending_since)
             filter (where blocked_at is null and (due_at is null or attempts > 0))) * 1000)::float8 as oldest_ms,
           count(ready_xid)::int as ready, count(due_at)::int as due, count(lease_token)::int as leased
    from (select * from outbox_lane limit $1) as lane
    left join outbox_key as counter on lane.ordered and counter.key = lane.key
  ) as backlog, (
    select count(*) filter (where policy = 'block')::int as parked_block,
           count(*) filter (where policy = 'park')::int as parked_park,
           count(*) filter (where policy = 'skip')::int as parked_skip
    from (select policy from outbox_parked limit $1) as given_up
  ) as parked`;

interface Row {
  readonly lanes: number;
  readonly pending: number;
  readonly oldest_ms: number | null;
  readonly ready: number;
  readonly due: number;
  readonly leased: number;
  readonly blocked: number;
  readonly leases: number;
  readonly parked_block: number;
  readonly parked_park: number;
  readonly parked_skip: number;
  readonly dead_letters: number;
  readonly open_gaps: number;
}

/**
 * @param rowsMax rows of each table that are counted at most
 * @param gapAgeMs a gap counts that is open for longer
 */
export async function readSample(sql: Sql, rowsMax: number, gapAgeMs: number): Promise<OutboxSample> {
  const [row] = await sql.query<Row[]>(READ_SAMPLE, [rowsMax, gapAgeMs]);
  if (!row) throw new Error('PostgreSQL answered an aggregate with no row');
  const { ready, due, leased, blocked } = row;
  return {
    pendingMessages: row.pending,
    capped: row.lanes === rowsMax,
    oldestPendingAgeMs: Math.max(0, Math.round(row.oldest_ms ?? 0)),
    keys: { ready, due, leased, blocked },
    parkedMessages: { block: row.parked_block, park: row.parked_park, skip: row.parked_skip },
    leases: row.leases,
    deadLetters: row.dead_letters,
    openGaps: row.open_gaps,
  };
}
