import { announce } from '../diagnostics.js';
import { takeDeadLetter } from '../inbox/sql/take-dead-letter.js';
import { MessagesNotParkedError } from '../outbox.errors.js';
import type { Sql } from '../schema/tables.js';
import { inTransaction, type OperationsContext } from './operations-context.js';
import { distinctIds } from './distinct-ids.js';
import { textOf } from './payload-text.js';
import { dropParked } from './sql/drop-parked.js';

/** What was thrown away, as the diagnostics channel `outbox.ops.dropped` and the log have it. */
export interface DroppedMessage {
  readonly id: string;
  readonly state: 'parked' | 'dead';
  /** The event's type, which is the name of its channel. */
  readonly type: string;
  readonly key?: string;
  readonly sequence: bigint;
  /** The envelope without its number, or a dead letter's payload; base64 where that is no text. */
  readonly payload: string;
}

/**
 * Throws parked messages and dead letters away, all or none. Each is announced and logged whole, once that is
 * committed.
 *
 * @throws MessagesNotParkedError
 */
export async function drop(
  context: OperationsContext,
  ids: readonly string[],
  reason: string,
): Promise<string[]> {
  const dropped = await inTransaction(context, (sql) => dropExactly(sql, distinctIds(ids)));
  for (const message of dropped) {
    announce('outbox.ops.dropped', { message, reason });
    const { id, state, type, key, sequence, payload } = message;
    const name = `${type} ${id}${key === undefined ? '' : `, number ${sequence} of key ${key}`}`;
    context.logger.warn(`Dropped (${reason}): ${state} ${name}: ${payload}`);
  }
  if (dropped.some(({ state }) => state === 'parked')) context.wake();
  return dropped.map(({ id }) => id);
}

async function dropExactly(sql: Sql, ids: readonly string[]): Promise<DroppedMessage[]> {
  const parked = await dropParked(sql, ids);
  const dropped: DroppedMessage[] = parked.map(({ id, key, sequence, type, envelope }) => {
    return { id, state: 'parked', type, key, sequence: BigInt(sequence), payload: envelope };
  });
  const present = new Set(parked.map(({ id }) => id));
  const unknown: string[] = [];
  for (const id of ids.filter((id) => !present.has(id))) {
    const letter = await takeDeadLetter(sql, id);
    if (!letter) unknown.push(id);
    else {
      const { channel: type, sequence, payload } = letter;
      const text = textOf(payload) ?? payload.toString('base64');
      dropped.push({ id, state: 'dead', type, sequence, payload: text });
    }
  }
  if (unknown.length > 0) throw new MessagesNotParkedError(unknown);
  return dropped;
}
