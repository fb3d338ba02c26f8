import type { Sql } from '../../schema/tables.js';
import type { DeadLetterReason } from '../dead-letter.js';
import type { MessageIdentity } from '../message-identity.js';

/** The second burial of a message changes nothing: the first told what happened. */
const BURY_MESSAGE = `
  with forgotten as (
    delete from inbox_redelivery where channel = $1 and sequence = $2 and digest = $3
  )
  insert into inbox_dead_letter
    (channel, sequence, digest, payload, event_source, event_id, reason, deliveries, error)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  on conflict (channel, sequence, digest) do nothing`;

/** A message as it goes to the dead letters. */
export interface BuriedMessage extends MessageIdentity {
  readonly payload: Buffer;
  readonly eventSource?: string | undefined;
  readonly eventId?: string | undefined;
  readonly reason: DeadLetterReason;
  readonly deliveries: number;
  readonly error: string;
}

export async function buryMessage(sql: Sql, message: BuriedMessage): Promise<void> {
  await sql.query(BURY_MESSAGE, [
    message.channel,
    message.sequence,
    message.digest,
    message.payload,
    message.eventSource,
    message.eventId,
    message.reason,
    message.deliveries,
    message.error,
  ]);
}
