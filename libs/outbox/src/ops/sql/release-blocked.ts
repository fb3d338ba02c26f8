import type { Sql } from '../../schema/tables.js';

/**
 * Lets keys go on with the message that blocked them, which is still their first. Its attempts are kept, and what was
 * charged to it is forgiven. A lane that is not blocked by this message is left alone, and so is the parked row.
 */
const RELEASE_BLOCKED = `
  with chosen as materialized (
    select id, key, sequence from outbox_parked where id = any ($1::uuid[]) and policy = 'block' for update
  ), released as (
    update outbox_lane as lane
    set ready_xid = pg_current_xact_id(), blocked_at = null, failures = 0, crashes = 0, last_error = null
    from chosen
    where lane.key = chosen.key and lane.ordered and lane.blocked_at is not null
      and lane.settled_sequence = chosen.sequence - 1
    returning chosen.id
  ), deleted as (
    delete from outbox_parked where id in (select id from released)
  )
  select chosen.id, released.id is not null as released from chosen left join released using (id)`;

/** Those of the ids that block a key, by whether the key was there and could be let go. */
export async function releaseBlocked(
  sql: Sql,
  ids: readonly string[],
): Promise<{ readonly released: string[]; readonly without: string[] }> {
  const rows = await sql.query<{ id: string; released: boolean }[]>(RELEASE_BLOCKED, [ids]);
  const idsWhere = (released: boolean) => rows.filter((row) => row.released === released).map(({ id }) => id);
  return { released: idsWhere(true), without: idsWhere(false) };
}
