import type { Burial } from '@app/nats';

export type DeadLetterReason = Burial['reason'];

/** What a list shows of a message that could not be processed. */
export interface DeadLetterSummary {
  /** Its own id, a UUID; not the event's. */
  readonly id: string;
  readonly channel: string;
  /** The broker's number of the message in its channel. */
  readonly sequence: bigint;
  /** Of the event, where they could be read. */
  readonly eventSource?: string;
  readonly eventId?: string;
  readonly reason: DeadLetterReason;
  readonly deliveries: number;
  /** Name and message of the last error, and of its causes. */
  readonly error: string;
  readonly buriedAt: Date;
}

/** A message that could not be processed, whole. */
export interface DeadLetter extends DeadLetterSummary {
  /** Byte for byte as it came. */
  readonly payload: Buffer;
}

/** A row of `inbox_dead_letter`, without what only the database needs. */
export interface DeadLetterRow {
  readonly id: string;
  readonly channel: string;
  readonly sequence: string;
  readonly event_source: string | null;
  readonly event_id: string | null;
  readonly reason: DeadLetterReason;
  readonly deliveries: number;
  readonly error: string;
  readonly buried_at: Date;
}

export function summaryOf(row: DeadLetterRow): DeadLetterSummary {
  return {
    id: row.id,
    channel: row.channel,
    sequence: BigInt(row.sequence),
    ...(row.event_source === null ? {} : { eventSource: row.event_source }),
    ...(row.event_id === null ? {} : { eventId: row.event_id }),
    reason: row.reason,
    deliveries: row.deliveries,
    error: row.error,
    buriedAt: row.buried_at,
  };
}
