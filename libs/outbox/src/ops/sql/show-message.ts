import type { Sql } from '../../schema/tables.js';
import type { LaneState, MessageDetails, MessageState } from '../listing.js';

/**
 * A message, from wherever it is. After a requeue there are two rows of its id, of which the later one counts; that
 * of a parked message may be gone with its partition. The counts of a lane's first message are the lane's.
 */
const SHOW_MESSAGE = `
  select $1::uuid as id, found.key, found.sequence, found.type,
         case when found.ordered then left(found.envelope, -1) || ',"sequence":"' || lpad(found.sequence::text, 19, '0') || '"}'
              else found.envelope end as envelope,
         found.created_at, message.not_before,
         case when parked.id is not null then 'parked'
              when found.sequence > lane.settled_sequence then 'pending' else 'settled' end as state,
         case when parked.id is not null then parked.attempts
              when found.sequence = lane.settled_sequence + 1 then lane.attempts
              when found.sequence > lane.settled_sequence then (found.sequence <= lane.attempted_to)::int
              else message.attempts end as attempts,
         case when parked.id is not null then parked.failures
              when found.sequence = lane.settled_sequence + 1 then lane.failures else 0 end as failures,
         case when parked.id is not null then parked.error
              when found.sequence = lane.settled_sequence + 1 then lane.last_error end as error,
         parked.policy, parked.parked_at,
         case when lane.ready_xid is not null then 'ready' when lane.due_at is not null then 'due'
              when lane.lease_token is not null then 'leased' when lane.blocked_at is not null then 'blocked'
         end as lane_state, lane.settled_sequence, lane.due_at
  from (select * from outbox_message where id = $1 order by created_at desc limit 1) as message
  full join (select * from outbox_parked where id = $1) as parked on parked.id = message.id
  cross join lateral (
    select coalesce(parked.key, message.key) as key, coalesce(parked.sequence, message.sequence) as sequence,
           coalesce(parked.type, message.type) as type, coalesce(parked.envelope, message.envelope) as envelope,
           coalesce(parked.ordered, message.key <> message.id::text) as ordered,
           coalesce(parked.created_at, message.created_at) as created_at
  ) as found
  left join outbox_lane as lane on lane.key = found.key`;

interface Row {
  readonly id: string;
  readonly key: string;
  readonly sequence: string;
  readonly type: string;
  readonly envelope: string;
  readonly created_at: Date;
  readonly not_before: Date | null;
  readonly state: MessageState;
  readonly attempts: number;
  readonly failures: number;
  readonly error: string | null;
  readonly policy: MessageDetails['policy'];
  readonly parked_at: Date | null;
  readonly lane_state: LaneState | null;
  readonly settled_sequence: string | null;
  readonly due_at: Date | null;
}

/** One message of the outbox, whole; nothing if there is none of this id, or no longer. */
export async function showMessage(sql: Sql, id: string): Promise<MessageDetails | undefined> {
  const [row] = await sql.query<Row[]>(SHOW_MESSAGE, [id]);
  if (!row) return undefined;
  return {
    state: row.state,
    id: row.id,
    key: row.key,
    sequence: BigInt(row.sequence),
    type: row.type,
    envelope: row.envelope,
    attempts: row.attempts,
    failures: row.failures,
    error: row.error,
    policy: row.policy,
    createdAt: row.created_at,
    notBefore: row.not_before,
    parkedAt: row.parked_at,
    lane:
      row.lane_state === null
        ? null
        : { state: row.lane_state, settledSequence: BigInt(row.settled_sequence ?? 0), dueAt: row.due_at },
  };
}
