import type { Sql } from '../schema/tables.js';
import type { ClaimedLane } from './claim-lanes.js';

/** A stored event that waits. */
export interface PendingMessage {
  readonly id: string;
  readonly key: string;
  readonly sequence: bigint;
  /** The event's type, which is the name of its channel. */
  readonly type: string;
  /** The encoded event, without its sequence. */
  readonly envelope: string;
  /** When it was stored, in the form of `pendingSince`. */
  readonly createdAt: string;
  /** Not to be published before this time; null: at once, or the time has come. */
  readonly notBefore: string | null;
}

/**
 * Reads the next messages of each claimed lane. It is a statement of its own, after the claim, since each
 * statement sees what was committed before it began: everything that an earlier holder of the lane had settled is
 * settled here, and of each key's messages it sees a run without gaps, because they are committed in their order.
 *
 * `created_at` spares the partitions before the oldest waiting message.
 */
export const READ_RUNS = `
  select message.*
  from unnest($1::text[], $2::bigint[], $3::int[]) as claimed (key, settled_sequence, run_max)
  cross join lateral (
    select id, outbox_message.key, sequence, type, envelope,
           to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_at,
           case when not_before > clock_timestamp() then not_before::text end as not_before
    from outbox_message
    where outbox_message.key = claimed.key and sequence > claimed.settled_sequence and created_at >= $4
    order by sequence
    limit claimed.run_max
  ) as message`;

interface Row {
  id: string;
  key: string;
  sequence: string;
  type: string;
  envelope: string;
  created_at: string;
  not_before: string | null;
}

/**
 * @param runMaxOf how many messages of a lane are wanted
 * @param since no older message is looked for; `-infinity` looks everywhere
 * @returns each lane's run by key, in the order of its sequence
 */
export async function readRuns(
  sql: Sql,
  lanes: readonly ClaimedLane[],
  runMaxOf: (lane: ClaimedLane) => number,
  since: string,
): Promise<Map<string, PendingMessage[]>> {
  const rows = await sql.query<Row[]>(READ_RUNS, [
    lanes.map(({ key }) => key),
    lanes.map(({ settledSequence }) => settledSequence),
    lanes.map(runMaxOf),
    since,
  ]);
  const runs = new Map<string, PendingMessage[]>(lanes.map(({ key }) => [key, []]));
  for (const { created_at: createdAt, not_before: notBefore, ...row } of rows) {
    runs.get(row.key)?.push({ ...row, sequence: BigInt(row.sequence), createdAt, notBefore });
  }
  for (const run of runs.values()) run.sort((one, other) => Number(one.sequence - other.sequence));
  return runs;
}
