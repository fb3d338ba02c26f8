import type { Sql } from '../../schema/tables.js';

/** Where a stored message stands. */
export interface Place {
  readonly key: string;
  readonly sequence: string;
}

/** Which settled messages are meant; what is absent limits nothing. */
export interface ReplaySelection {
  readonly key?: string;
  readonly type?: string;
  /** When it was stored: from this time on, and before that one. */
  readonly from?: Date;
  readonly to?: Date;
}

/**
 * The earliest settled messages that fit, each key's in the order of its numbers. Left out are those that wait or are
 * parked; what was sent on for somebody else (its row has another id than its event); second rows of one message, and
 * what is itself a replay. CASE keeps a payload that is no JSON from being read as such.
 */
const FIND_REPLAYABLE = `
  select key, sequence
  from (
    select message.key, message.sequence
    from outbox_message as message
    left join outbox_lane as lane on lane.key = message.key
    where ($1::text is null or message.key = $1)
      and ($2::text is null or message.type = $2)
      and ($3::timestamptz is null or message.created_at >= $3)
      and ($4::timestamptz is null or message.created_at < $4)
      and (lane.key is null or message.sequence <= lane.settled_sequence)
      and not exists (select from outbox_parked as parked where parked.id = message.id)
      and case when strpos(message.envelope, '"id":"' || message.id || '"') > 0
               then message.envelope::json ->> 'id' = message.id::text
                    and message.envelope::json ->> 'replayof' is null end
      and not exists (
        select from outbox_message as earlier
        where earlier.id = message.id
          and (earlier.created_at, earlier.key, earlier.sequence) < (message.created_at, message.key, message.sequence))
    order by message.created_at, message.key, message.sequence
    limit $5
  ) as earliest
  order by key, sequence`;

export async function findReplayable(
  sql: Sql,
  { key, type, from, to }: ReplaySelection,
  limit: number,
): Promise<Place[]> {
  return sql.query<Place[]>(FIND_REPLAYABLE, [key, type, from, to, limit]);
}
