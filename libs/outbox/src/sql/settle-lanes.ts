import type { Sql } from '../schema/tables.js';

/** What becomes of a lane when its run has ended. */
export interface SettledLane {
  readonly key: string;
  /**
   * - `ready`: more may wait; if nothing does, the lane is taken away.
   * - `retry`: its first message could not be published; it rests for a back-off that the database draws.
   * - `due`: its first message is not to leave before `dueAt`.
   * - `blocked`: its first message was given up, and the others wait for a human.
   * - `done`: an unordered lane whose message is settled.
   */
  readonly state: 'ready' | 'retry' | 'due' | 'blocked' | 'done';
  /** Messages up to this number are settled: acknowledged, or parked. */
  readonly settledSequence: bigint;
  /** When the last settled message was stored: no waiting one is older. */
  readonly pendingSince: string;
  /** Of its first message from now on. */
  readonly attempts: number;
  readonly failures: number;
  readonly crashes: number;
  readonly lastError: string | null;
  readonly dueAt: string | null;
}

/** A message that is given up. */
export interface ParkedMessage {
  readonly key: string;
  readonly sequence: bigint;
  readonly ordered: boolean;
  readonly attempts: number;
  readonly failures: number;
  readonly error: string;
  readonly policy: 'block' | 'park' | 'skip';
}

/** A message that was acknowledged after more than one attempt. */
export interface RepeatedMessage {
  readonly key: string;
  readonly sequence: bigint;
  readonly attempts: number;
}

/** A batch as it is settled. */
export interface Settlement {
  readonly lanes: readonly SettledLane[];
  readonly parked: readonly ParkedMessage[];
  readonly repeated: readonly RepeatedMessage[];
  /** No message of the batch was stored before this time. */
  readonly since: string;
}

/**
 * Settles a batch and gives its lanes back, in one statement. Deleting the lease is the fence: where it is gone,
 * another relay has the lanes by now, and nothing changes here.
 *
 * A lane is taken away when nothing waits behind it. Only its key's counter can tell, so that is locked; if a writer
 * holds it, more is on its way, and the lane stays. So nothing here waits for a writer.
 */
export const SETTLE_LANES = `
  with lease as (
    delete from outbox_lease where token = $1 returning token
  ), run as materialized (
    select *
    from unnest($2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::int[], $7::int[], $8::int[], $9::text[],
                $10::timestamptz[])
         as run (key, state, settled_sequence, pending_since, attempts, failures, crashes, last_error, due_at)
    where exists (select from lease)
  ), idle as (
    select counter.key
    from run join outbox_key as counter using (key)
    where run.state = 'ready' and counter.last_sequence = run.settled_sequence
    for update of counter skip locked
  ), dequeued as (
    update outbox_key set queued_after = null where key = any (array(select key from idle)) returning key
  ), gone as materialized (
    select key from dequeued
    union all
    select key from run where state = 'done'
  ), deleted as (
    delete from outbox_lane where lease_token = $1 and key in (select key from gone)
  ), kept as (
    update outbox_lane
    set lease_token = null,
        settled_sequence = run.settled_sequence,
        pending_since = run.pending_since,
        ready_xid = case when run.state = 'ready' then pg_current_xact_id() end,
        due_at = case run.state
          when 'retry' then clock_timestamp() + (0.5 + random() / 2)
            * least($12::int, $11::int * 2 ^ least(greatest(run.attempts - 1, 0), 20)) * interval '1 millisecond'
          when 'due' then run.due_at
        end,
        blocked_at = case when run.state = 'blocked' then clock_timestamp() end,
        alone = false,
        attempts = run.attempts,
        failures = run.failures,
        crashes = run.crashes,
        last_error = run.last_error
    from run
    where outbox_lane.lease_token = $1 and outbox_lane.key = run.key and run.key not in (select key from gone)
  ), parked as (
    insert into outbox_parked
      (id, key, sequence, ordered, type, envelope, created_at, attempts, failures, error, policy)
    select message.id, message.key, message.sequence, given_up.ordered, message.type, message.envelope,
           message.created_at, given_up.attempts, given_up.failures, given_up.error, given_up.policy
    from unnest($13::text[], $14::bigint[], $15::boolean[], $16::int[], $17::int[], $18::text[], $19::text[])
           as given_up (key, sequence, ordered, attempts, failures, error, policy)
    join outbox_message as message using (key, sequence)
    where message.created_at >= $20 and exists (select from lease)
    on conflict (id) do nothing
  ), counted as (
    update outbox_message as message
    set attempts = repeated.attempts
    from unnest($21::text[], $22::bigint[], $23::int[]) as repeated (key, sequence, attempts)
    where message.key = repeated.key and message.sequence = repeated.sequence and message.created_at >= $20
      and exists (select from lease)
  )
  select count(*)::int as lanes from run`;

/** @returns whether the lease still held; if not, nothing was changed */
export async function settleLanes(
  sql: Sql,
  leaseToken: string,
  { lanes, parked, repeated, since }: Settlement,
  retry: { readonly retryFirstMs: number; readonly retryLongestMs: number },
): Promise<boolean> {
  const [row] = await sql.query<{ lanes: number }[]>(SETTLE_LANES, [
    leaseToken,
    lanes.map(({ key }) => key),
    lanes.map(({ state }) => state),
    lanes.map(({ settledSequence }) => settledSequence),
    lanes.map(({ pendingSince }) => pendingSince),
    lanes.map(({ attempts }) => attempts),
    lanes.map(({ failures }) => failures),
    lanes.map(({ crashes }) => crashes),
    lanes.map(({ lastError }) => lastError),
    lanes.map(({ dueAt }) => dueAt),
    retry.retryFirstMs,
    retry.retryLongestMs,
    parked.map(({ key }) => key),
    parked.map(({ sequence }) => sequence),
    parked.map(({ ordered }) => ordered),
    parked.map(({ attempts }) => attempts),
    parked.map(({ failures }) => failures),
    parked.map(({ error }) => error),
    parked.map(({ policy }) => policy),
    since,
    repeated.map(({ key }) => key),
    repeated.map(({ sequence }) => sequence),
    repeated.map(({ attempts }) => attempts),
  ]);
  return (row?.lanes ?? 0) > 0;
}
