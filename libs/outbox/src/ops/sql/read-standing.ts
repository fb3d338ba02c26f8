import type { Sql } from '../../schema/tables.js';

/** Messages whose transaction is not committed, or that were dropped, have no row. */
const READ_STANDING = `
  select message.id, bool_or(parked.id is not null) as parked, bool_or(lane.key is not null) as pending
  from outbox_message as message
  left join outbox_parked as parked on parked.id = message.id
  left join outbox_lane as lane on lane.key = message.key and lane.settled_sequence < message.sequence
  where message.id = any ($1::uuid[])
  group by message.id`;

/** How far a message has come. */
export interface Standing {
  readonly id: string;
  readonly parked: boolean;
  readonly pending: boolean;
}

export async function readStanding(sql: Sql, ids: readonly string[]): Promise<Standing[]> {
  return sql.query<Standing[]>(READ_STANDING, [ids]);
}
