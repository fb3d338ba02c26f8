import { activeTrace, type CloudEvent } from '@app/nats';
import { v7 as uuidv7 } from 'uuid';
import type { EmittedEvent } from '../emitted-event.js';
import type { Sql } from '../schema/tables.js';
import { storeMessages } from '../sql/store-messages.js';
import { inTransaction, type OperationsContext } from './operations-context.js';
import { findReplayable, type Place, type ReplaySelection } from './sql/find-replayable.js';
import { readMessages, type StoredMessage } from './sql/read-messages.js';

/** Messages that are replayed at once when nobody said how many, and the most that can be asked for. */
export const REPLAY_LIMIT_DEFAULT = 1_000;
export const REPLAY_LIMIT_MAX = 100_000;
/** Messages of one transaction: it holds the counters of their keys, for which writers wait. */
const BATCH = 200;

/** What a replay did. */
export interface Replayed {
  readonly replayed: number;
  /** More fits the selection than the limit allowed. */
  readonly more: boolean;
}

/**
 * Emits settled messages again, as new events: each has a new id, the next number of its key, and the id of the first
 * one in `replayof`, by which a consumer that cares can tell. The inbox takes it for what it is, a new message.
 */
export async function replay(
  context: OperationsContext,
  selection: ReplaySelection,
  limit: number,
): Promise<Replayed> {
  const places = await findReplayable(context.tables.on(context.dataSource), selection, limit + 1);
  const more = places.length > limit;
  // By its key's order the one too many may stand anywhere: what is left out is the last of some key.
  if (more) places.pop();
  let replayed = 0;
  for (let start = 0; start < places.length; start += BATCH) {
    const batch = places.slice(start, start + BATCH);
    replayed += await inTransaction(context, (sql) => replayBatch(sql, batch));
    context.wake();
  }
  return { replayed, more };
}

async function replayBatch(sql: Sql, places: readonly Place[]): Promise<number> {
  const events = (await readMessages(sql, places)).map(replayOf);
  if (events.length > 0) await storeMessages(sql, events);
  return events.length;
}

/** Its number, and the trace of its first way, are not the new event's. */
function replayOf({ id, key, ordered, payload }: StoredMessage): EmittedEvent {
  const { sequence, traceparent: _parent, tracestate: _state, ...own } = JSON.parse(payload) as CloudEvent;
  const event: CloudEvent = { ...own, id: uuidv7(), replayof: id, ...activeTrace() };
  // One that was requeued stands under its own id, and has the number of its key all the same.
  return { event, key: ordered ? key : own.partitionkey, ordered: ordered || sequence !== undefined };
}
