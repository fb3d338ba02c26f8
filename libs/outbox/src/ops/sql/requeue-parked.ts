import type { Sql } from '../../schema/tables.js';

/**
 * Sends again what was put aside while its key went on: under the same id, as a message that waits for no other, with
 * the number that it had. A row of the same id may be there from the last time; so that relays never take the two for
 * one message, the new one is the next of its own small key.
 */
const REQUEUE_PARKED = `
  with taken as (
    delete from outbox_parked where id = any ($1::uuid[]) and policy <> 'block'
    returning id, sequence, ordered, type, envelope
  ), copy as materialized (
    select id, type,
           coalesce((select max(sequence) from outbox_message as earlier where earlier.key = taken.id::text), 0)
             + 1 as sequence,
           case when ordered then left(envelope, -1) || ',"sequence":"' || lpad(sequence::text, 19, '0') || '"}'
                else envelope end as envelope
    from taken
  ), lane as (
    insert into outbox_lane (key, ordered, settled_sequence, pending_since, ready_xid)
    select id::text, false, sequence - 1, statement_timestamp(), pg_current_xact_id() from copy
  ), stored as (
    insert into outbox_message (id, key, sequence, type, envelope, created_at)
    select id, id::text, sequence, type, envelope, statement_timestamp() from copy
  )
  select id from copy`;

/** @returns those of the ids that were put aside, and wait to be published again */
export async function requeueParked(sql: Sql, ids: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ id: string }[]>(REQUEUE_PARKED, [ids]);
  return rows.map(({ id }) => id);
}
