import { withSequence } from '@app/nats';
import type { Sql } from '../../schema/tables.js';
import type { Place } from './find-replayable.js';

const READ_MESSAGES = `
  select message.id, message.key, message.sequence, message.type, message.envelope,
         message.key <> message.id::text as ordered
  from unnest($1::text[], $2::bigint[]) with ordinality as wanted (key, sequence, position)
  join outbox_message as message using (key, sequence)
  order by position`;

/** A stored message, as far as it takes to send it again. */
export interface StoredMessage {
  readonly id: string;
  readonly key: string;
  readonly type: string;
  readonly ordered: boolean;
  /** As it was published: with its number, if it has one. */
  readonly payload: string;
}

interface Row {
  readonly id: string;
  readonly key: string;
  readonly sequence: string;
  readonly type: string;
  readonly envelope: string;
  readonly ordered: boolean;
}

/** The messages at these places, in their order; a place that is gone with its partition is left out. */
export async function readMessages(sql: Sql, places: readonly Place[]): Promise<StoredMessage[]> {
  const rows = await sql.query<Row[]>(READ_MESSAGES, [
    places.map(({ key }) => key),
    places.map(({ sequence }) => sequence),
  ]);
  return rows.map(({ sequence, envelope, ...row }) => ({
    ...row,
    payload: row.ordered ? withSequence(envelope, BigInt(sequence)) : envelope,
  }));
}
