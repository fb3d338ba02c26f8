import type { DeadLetter } from '../inbox/dead-letter.js';
import { takeDeadLetter } from '../inbox/sql/take-dead-letter.js';
import { DeadLetterNotTextError, LaneGoneError, MessagesNotParkedError } from '../outbox.errors.js';
import type { Sql } from '../schema/tables.js';
import { inTransaction, type OperationsContext } from './operations-context.js';
import { distinctIds } from './distinct-ids.js';
import { textOf } from './payload-text.js';
import { findParked } from './sql/find-parked.js';
import { releaseBlocked } from './sql/release-blocked.js';
import { requeueParked } from './sql/requeue-parked.js';
import { storeCopies, type Copy } from './sql/store-copies.js';

/** Which messages are to be sent again: these, or everything that is parked of a key or of a type. */
export type RequeueSelection = readonly string[] | { readonly key: string } | { readonly type: string };

/** Parked messages that are requeued in one transaction, when all of a key or type are. */
const CHUNK = 500;

/**
 * Puts parked messages and dead letters back into circulation.
 *
 * @returns the ids of those that now wait to be published
 * @throws MessagesNotParkedError, LaneGoneError, DeadLetterNotTextError: of what was named by id nothing was changed
 */
export async function requeue(context: OperationsContext, selection: RequeueSelection): Promise<string[]> {
  const requeued = isIds(selection)
    ? await inTransaction(context, (sql) => requeueExactly(sql, selection))
    : await requeueAll(context, selection);
  if (requeued.length > 0) context.wake();
  return requeued;
}

function isIds(selection: RequeueSelection): selection is readonly string[] {
  return Array.isArray(selection);
}

async function requeueExactly(sql: Sql, ids: readonly string[]): Promise<string[]> {
  const wanted = distinctIds(ids);
  const requeued = await requeuePresent(sql, wanted);
  const letters: string[] = [];
  const copies: Copy[] = [];
  for (const id of wanted.filter((id) => !requeued.has(id))) {
    const letter = await takeDeadLetter(sql, id);
    if (!letter) continue;
    letters.push(id);
    copies.push(copyOf(letter));
  }
  const unknown = wanted.filter((id) => !requeued.has(id) && !letters.includes(id));
  if (unknown.length > 0) throw new MessagesNotParkedError(unknown);
  if (copies.length > 0) await storeCopies(sql, copies);
  return wanted;
}

/** What is parked now; somebody else may requeue or drop some of it meanwhile. */
async function requeueAll(
  context: OperationsContext,
  selection: { readonly key: string } | { readonly type: string },
): Promise<string[]> {
  const ids = await findParked(context.tables.on(context.dataSource), selection);
  const requeued: string[] = [];
  for (let start = 0; start < ids.length; start += CHUNK) {
    const chunk = ids.slice(start, start + CHUNK);
    requeued.push(...(await inTransaction(context, (sql) => requeuePresent(sql, chunk))));
  }
  return requeued;
}

async function requeuePresent(sql: Sql, ids: readonly string[]): Promise<Set<string>> {
  const { released, without } = await releaseBlocked(sql, ids);
  if (without.length > 0) throw new LaneGoneError(without);
  return new Set([...released, ...(await requeueParked(sql, ids))]);
}

function copyOf({ id, channel, payload }: DeadLetter): Copy {
  const text = textOf(payload);
  if (text === undefined) throw new DeadLetterNotTextError(id);
  return { type: channel, payload: text };
}
