import type { CloudEvent } from '@app/nats';
import type { EntityManager } from 'typeorm';

/**
 * Stores a transaction's events and draws their numbers, in one statement.
 *
 * The row of a key in `outbox_key` is locked until the commit, so its numbers have no gap and are in commit
 * order; a sequence would have neither. Keys are locked in sorted order, so that two transactions which
 * emit for the same keys can't deadlock here.
 */
const STORE_MESSAGES = `
  with event as (
    select *,
           row_number() over (partition by key order by position) as nth_of_key,
           count(*) over (partition by key) as events_of_key
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
         with ordinality as emitted (id, key, type, envelope, position)
  ), counter as (
    insert into outbox_key as existing (key, last_sequence)
    select key, count(*) from event group by key order by key
    on conflict (key) do update set last_sequence = existing.last_sequence + excluded.last_sequence
    returning existing.key, existing.last_sequence
  )
  insert into outbox_message (id, key, sequence, type, envelope)
  select event.id, event.key, counter.last_sequence - events_of_key + nth_of_key, event.type, event.envelope
  from event join counter using (key)`;

export async function storeMessages(manager: EntityManager, events: readonly CloudEvent[]): Promise<void> {
  await manager.query(STORE_MESSAGES, [
    events.map((event) => event.id),
    events.map((event) => event.partitionkey),
    events.map((event) => event.type),
    events.map((event) => JSON.stringify(event)),
  ]);
}
