import type { Sql } from '../schema/tables.js';

/** A lane that this relay holds under its lease. */
export interface ClaimedLane {
  readonly key: string;
  /** Whether its messages have numbers and an order; an unordered lane is one message. */
  readonly ordered: boolean;
  /** Messages up to this number are settled. */
  readonly settledSequence: bigint;
  /** No waiting message of it was stored before this time: RFC 3339 in UTC with microseconds, so it sorts as text. */
  readonly pendingSince: string;
  /** Claims of its first message, this one included: counted before it is published, so that a crash counts. */
  readonly attempts: number;
  /** What is charged to its first message. */
  readonly failures: number;
  /** Leases in a row that ran out over it without anything settled. */
  readonly crashes: number;
  /** Messages up to this number may have been published once before, by a relay that never told. */
  readonly attemptedTo: bigint;
  readonly lastError: string | null;
}

/** What a claim brought. */
export interface Claim {
  readonly lanes: readonly ClaimedLane[];
  /** Where the next claim may begin: no lane that is ready, or becomes so, is before it. */
  readonly floor: string;
}

/**
 * Claims lanes that are ready, the longest unserved first, passing over what another relay is claiming. A writer
 * never holds a lane that was committed, so none is passed over because of one.
 *
 * **The floor.** Each claim leaves dead entries at the front of the index, and behind somebody's open snapshot
 * vacuum can't remove them: a claim that began at the front would walk past more of them each time. So it begins at
 * a transaction id below which no lane is or will be ready: the first ready one of now, or the oldest transaction
 * that is still open, whichever is less. What commits later has a later id. A session that only reads has no
 * transaction id and holds nothing back; one that has written something holds the floor until it ends.
 *
 * The places stand in an array, which is made once; a join could choose to read the whole table. A lane that another
 * relay has settled since this statement began is locked in its new form, and not found there: a later claim's.
 */
const claimText = (which: string, alone: string) => `
  with ready as materialized (
    select ctid as place from outbox_lane
    where ready_xid >= $1::text::xid8 and ${which}
    order by ready_xid
    limit $2
    for update skip locked
  ), claimed as (
    update outbox_lane
    set ready_xid = null, lease_token = $3, attempts = attempts + 1, alone = ${alone}
    where ctid = any (array(select place from ready))
    returning key, ordered, settled_sequence, pending_since, attempts, failures, crashes, attempted_to, last_error
  ), lease as (
    insert into outbox_lease (token, holder, ends_at, run_max)
    select $3, $4, clock_timestamp() + $5 * interval '1 millisecond', $6
    where exists (select from claimed)
  ), floor as (
    select least(
      pg_snapshot_xmin(pg_current_snapshot()),
      (select ready_xid from outbox_lane where ready_xid >= $1::text::xid8 order by ready_xid limit 1)
    ) as xid
  )
  select floor.xid::text as floor, claimed.key, ordered, settled_sequence,
         to_char(pending_since at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as pending_since, attempts, failures,
         crashes, attempted_to, last_error
  from floor left join claimed on true`;

/** The claim of everyday. Lanes that were held by two crashes in a row are left to {@link CLAIM_SUSPECT}. */
export const CLAIM_LANES = claimText('crashes < 2', 'false');

/** Claims one lane over which two relays in a row have ended: it is published while nothing else is in flight. */
export const CLAIM_SUSPECT = claimText('crashes >= 2', 'true');

/** How a claim is made. */
export interface ClaimOptions {
  readonly floor: string;
  readonly lanesMax: number;
  /** Fences this claim off from every other one. */
  readonly leaseToken: string;
  /** Who claims, for people who look at the table. */
  readonly holder: string;
  readonly leaseMs: number;
  /** How many messages of a lane are published under this lease at most. */
  readonly runMax: number;
}

interface Row {
  floor: string;
  key: string | null;
  ordered: boolean;
  settled_sequence: string;
  pending_since: string;
  attempts: number;
  failures: number;
  crashes: number;
  attempted_to: string;
  last_error: string | null;
}

/** @param text {@link CLAIM_LANES} or {@link CLAIM_SUSPECT} */
export async function claimLanes(sql: Sql, text: string, options: ClaimOptions): Promise<Claim> {
  const { floor, lanesMax, leaseToken, holder, leaseMs, runMax } = options;
  const rows = await sql.query<Row[]>(text, [floor, lanesMax, leaseToken, holder, leaseMs, runMax]);
  return {
    floor: rows[0]?.floor ?? floor,
    lanes: rows.flatMap(({ key, ...row }) =>
      key === null
        ? []
        : {
            key,
            ordered: row.ordered,
            settledSequence: BigInt(row.settled_sequence),
            pendingSince: row.pending_since,
            attempts: row.attempts,
            failures: row.failures,
            crashes: row.crashes,
            attemptedTo: BigInt(row.attempted_to),
            lastError: row.last_error,
          },
    ),
  };
}
