import type { Sql } from '../schema/tables.js';

/** What became ready. */
export interface Recovery {
  /** Leases that ran out: their relays ended, or slept. */
  readonly expiredLeases: number;
  /** Lanes whose time had come. */
  readonly promoted: number;
  /** Whether lanes wait over which two relays in a row have ended; they are claimed alone. */
  readonly suspects: boolean;
  /** Until the next lane's time comes, in ms; null: none waits for a time. */
  readonly nextDueMs: number | null;
}

/**
 * Makes lanes ready whose time has come, and those of leases that ran out, by the database's clock. Who deletes the
 * lease takes the lanes: a relay that wakes up later finds its lease gone, and settles nothing.
 *
 * A message that was alone in flight when its relay ended is charged for it; where several were, none is. How far the
 * run had come nobody knows: the lane counts one attempt for each message of it (`attempted_to`), and its messages are
 * published one to a lease from there, so that the count of each is exact again.
 *
 * The order by which a suspect is looked for keeps the planner on their own small index, whatever it believes of the
 * table. A suspect that is blocked or not due is none to wait for: while there is one, the relay does nothing else.
 */
export const RECOVER_LANES = `
  with expired as (
    delete from outbox_lease
    where token in (
      select token from outbox_lease where ends_at <= clock_timestamp() for update skip locked
    )
    returning token, run_max
  ), orphaned as (
    update outbox_lane
    set lease_token = null,
        ready_xid = pg_current_xact_id(),
        crashes = crashes + 1,
        failures = failures + alone::int,
        last_error = case when alone then 'Its relay ended while it alone was being published' else last_error end,
        attempted_to = case when settled_sequence < attempted_to then attempted_to
                            else settled_sequence + expired.run_max end,
        attempts = case when settled_sequence < attempted_to then attempts else attempts - 1 end
    from expired
    where outbox_lane.lease_token = expired.token
    returning crashes
  ), due as materialized (
    select ctid as place from outbox_lane where due_at <= clock_timestamp() order by due_at limit $1
    for update skip locked
  ), promoted as (
    update outbox_lane set due_at = null, ready_xid = pg_current_xact_id()
    where ctid = any (array(select place from due))
    returning key
  )
  select (select count(*) from expired)::int as expired,
         (select count(*) from promoted)::int as promoted,
         (
           select key from outbox_lane
           where crashes >= 2 and (ready_xid is not null or due_at <= clock_timestamp())
           order by key limit 1
         ) is not null or exists (select from orphaned where crashes >= 2) as suspects,
         (select ceil(extract(epoch from min(due_at) - clock_timestamp()) * 1000)::float8
          from outbox_lane where due_at > clock_timestamp()) as next_due_ms`;

/** @param lanesMax how many lanes are made ready at once whose time has come */
export async function recoverLanes(sql: Sql, lanesMax: number): Promise<Recovery> {
  const [row] = await sql.query<
    { expired: number; promoted: number; suspects: boolean; next_due_ms: number | null }[]
  >(RECOVER_LANES, [lanesMax]);
  return {
    expiredLeases: row?.expired ?? 0,
    promoted: row?.promoted ?? 0,
    suspects: row?.suspects ?? false,
    nextDueMs: row?.next_due_ms ?? null,
  };
}
