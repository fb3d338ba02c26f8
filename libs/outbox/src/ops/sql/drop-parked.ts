import type { Sql } from '../../schema/tables.js';

/**
 * Throws parked messages away: the copies, and the rows, so that neither a replay nor a reconciliation brings them
 * back. A key that one of them blocked goes on with the next.
 */
const DROP_PARKED = `
  with dropped as (
    delete from outbox_parked where id = any ($1::uuid[])
    returning id, key, sequence, type, envelope, created_at, policy
  ), passed as (
    update outbox_lane as lane
    set settled_sequence = dropped.sequence, pending_since = dropped.created_at, ready_xid = pg_current_xact_id(),
        blocked_at = null, attempts = 0, failures = 0, crashes = 0, last_error = null
    from dropped
    where dropped.policy = 'block' and lane.key = dropped.key and lane.ordered and lane.blocked_at is not null
      and lane.settled_sequence = dropped.sequence - 1
  ), deleted as (
    delete from outbox_message where id in (select id from dropped)
  )
  select id, key, sequence, type, envelope from dropped`;

/** What was dropped of the outbox. */
export interface DroppedRow {
  readonly id: string;
  readonly key: string;
  readonly sequence: string;
  readonly type: string;
  readonly envelope: string;
}

/** @returns those of the ids that were parked */
export async function dropParked(sql: Sql, ids: readonly string[]): Promise<DroppedRow[]> {
  return sql.query<DroppedRow[]>(DROP_PARKED, [ids]);
}
