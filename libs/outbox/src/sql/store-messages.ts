import type { EmittedEvent } from '../emitted-event.js';
import type { Sql } from '../schema/tables.js';

/**
 * Stores a transaction's events and draws their numbers, in one statement.
 *
 * The row of a key in `outbox_key` is locked until the commit, so its numbers have no gap and are in commit
 * order; a sequence would have neither. Keys are locked in sorted order, so that two transactions which
 * emit for the same keys can't deadlock here. Only a key that had nothing waiting gets a lane: a lane that is
 * there belongs to the relays. Lanes are ready for the claim at the position of this transaction's id, by which a
 * claim knows how far back it has to look.
 *
 * `stored_at` is read when every key is locked, so that of two messages of a key the later one has the later time.
 */
export const STORE_MESSAGES = `
  with event as (
    select *,
           row_number() over (partition by key, ordered order by position) as nth_of_key,
           count(*) over (partition by key, ordered) as events_of_key
    from unnest($1::uuid[], $2::text[], $3::boolean[], $4::text[], $5::text[], $6::timestamptz[])
         with ordinality as emitted (id, key, ordered, type, envelope, not_before, position)
  ), counter as (
    insert into outbox_key as existing (key, last_sequence, queued_after)
    select key, count(*), 0 from event where ordered group by key order by key
    on conflict (key) do update
    set last_sequence = existing.last_sequence + excluded.last_sequence,
        queued_after = coalesce(existing.queued_after, existing.last_sequence)
    returning existing.key, existing.last_sequence, existing.queued_after
  ), now as (
    select clock_timestamp() as stored_at from (select count(*) from counter) as locked
  ), numbered as (
    select event.id, event.key, event.ordered, last_sequence - events_of_key + nth_of_key as sequence,
           event.type, event.envelope, event.not_before, queued_after
    from event join counter using (key) where event.ordered
    union all
    select id, id::text, false, 1, type, envelope, not_before, 0 from event where not ordered
  ), lane as (
    insert into outbox_lane (key, ordered, settled_sequence, pending_since, ready_xid, due_at)
    select key, ordered, queued_after, stored_at,
           case when not_before > stored_at then null else pg_current_xact_id() end,
           case when not_before > stored_at then not_before end
    from numbered, now
    where sequence = queued_after + 1
  )
  insert into outbox_message (id, key, sequence, type, envelope, not_before, created_at)
  select id, key, sequence, type, envelope, not_before, stored_at
  from numbered, now`;

/**
 * The same for one event, as most transactions emit: without the arrays and windows of the other, which cost it two
 * thirds of its time, most of that in planning.
 */
export const STORE_ONE_MESSAGE = `
  with counter as (
    insert into outbox_key as existing (key, last_sequence, queued_after)
    values ($2::text, 1, 0)
    on conflict (key) do update
    set last_sequence = existing.last_sequence + 1,
        queued_after = coalesce(existing.queued_after, existing.last_sequence)
    returning last_sequence, queued_after, clock_timestamp() as stored_at
  ), lane as (
    insert into outbox_lane (key, ordered, settled_sequence, pending_since, ready_xid, due_at)
    select $2, true, queued_after, stored_at,
           case when $5::timestamptz > stored_at then null else pg_current_xact_id() end,
           case when $5 > stored_at then $5 end
    from counter
    where last_sequence = queued_after + 1
  )
  insert into outbox_message (id, key, sequence, type, envelope, not_before, created_at)
  select $1::uuid, $2, last_sequence, $3::text, $4::text, $5, stored_at
  from counter`;

/** @throws QueryFailedError of the database, which rolls the transaction back */
export async function storeMessages(sql: Sql, events: readonly EmittedEvent[]): Promise<void> {
  const [only] = events;
  if (only?.ordered && events.length === 1) {
    const { event, key, notBefore = null } = only;
    await sql.prepared(STORE_ONE_MESSAGE, [event.id, key, event.type, JSON.stringify(event), notBefore]);
    return;
  }
  await sql.query(STORE_MESSAGES, [
    events.map(({ event }) => event.id),
    events.map(({ key }) => key),
    events.map(({ ordered }) => ordered),
    events.map(({ event }) => event.type),
    events.map(({ event }) => JSON.stringify(event)),
    events.map(({ notBefore }) => notBefore ?? null),
  ]);
}
