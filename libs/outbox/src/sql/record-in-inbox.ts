import type { CloudEvent } from '@app/nats';
import type { EntityManager } from 'typeorm';

/**
 * Records a message id, or counts its repeat. While another transaction handles the same message, this
 * waits for its end: if that one rolls back, this one is the first.
 */
const RECORD_IN_INBOX = `
  insert into inbox_message as known (source, id, type)
  values ($1, $2, $3)
  on conflict (source, id) do update set repeats = known.repeats + 1
  returning repeats`;

/** @returns how often the message has been here before */
export async function recordInInbox(manager: EntityManager, event: CloudEvent): Promise<number> {
  const [row] = await manager.query<{ repeats: number }[]>(RECORD_IN_INBOX, [
    event.source,
    event.id,
    event.type,
  ]);
  return row?.repeats ?? 0;
}
