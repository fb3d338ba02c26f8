import type { Sql } from '../../schema/tables.js';

/** A payload to be published as it is. */
export interface Copy {
  /** The channel. */
  readonly type: string;
  readonly payload: string;
}

/**
 * Stores payloads that wait for no other message. Each has an id of its own, which is not its event's: a broker that
 * drops repeats by their id would drop it.
 */
const STORE_COPIES = `
  with copy as materialized (
    select gen_random_uuid() as id, type, payload from unnest($1::text[], $2::text[]) as given (type, payload)
  ), lane as (
    insert into outbox_lane (key, ordered, settled_sequence, pending_since, ready_xid)
    select id::text, false, 0, statement_timestamp(), pg_current_xact_id() from copy
  )
  insert into outbox_message (id, key, sequence, type, envelope, created_at)
  select id, id::text, 1, type, payload, statement_timestamp() from copy`;

export async function storeCopies(sql: Sql, copies: readonly Copy[]): Promise<void> {
  await sql.query(STORE_COPIES, [copies.map(({ type }) => type), copies.map(({ payload }) => payload)]);
}
