import { setTimeout as pause } from 'node:timers/promises';
import { MessagesParkedError, SettleTimeoutError } from '../outbox.errors.js';
import type { Sql } from '../schema/tables.js';
import { distinctIds } from './distinct-ids.js';
import { readStanding } from './sql/read-standing.js';

/** Between two looks, in ms: at first a relay at rest may be done after this time; it doubles, to spare the database. */
const PAUSE_FIRST_MS = 10;
const PAUSE_LONGEST_MS = 500;

/**
 * Resolves when all these messages are settled.
 *
 * @throws MessagesParkedError as soon as one is given up
 * @throws SettleTimeoutError
 */
export async function settled(sql: Sql, ids: readonly string[], timeoutMs: number): Promise<void> {
  const endsAt = performance.now() + timeoutMs;
  let waiting = distinctIds(ids);
  for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(PAUSE_LONGEST_MS, pauseMs * 2)) {
    waiting = await stillWaiting(sql, waiting);
    if (waiting.length === 0) return;
    const leftMs = endsAt - performance.now();
    if (leftMs <= 0) throw new SettleTimeoutError(waiting, timeoutMs);
    await pause(Math.min(pauseMs, leftMs));
  }
}

async function stillWaiting(sql: Sql, ids: readonly string[]): Promise<string[]> {
  const standing = ids.length > 0 ? await readStanding(sql, ids) : [];
  const parked = standing.filter((message) => message.parked).map(({ id }) => id);
  if (parked.length > 0) throw new MessagesParkedError(parked);
  const done = new Set(standing.filter(({ pending }) => !pending).map(({ id }) => id));
  return ids.filter((id) => !done.has(id));
}
