import { setTimeout as delay } from 'node:timers/promises';
import { DeadlineError } from '../lab.errors.js';

/** How often a condition is looked at that cannot announce itself (a database, another process). */
const POLL_MS = 25;

/**
 * Asks until the answer is not undefined, and returns it.
 * @param awaited what is waited for, for the error
 * @param everyMs how long it pauses between two questions
 * @throws DeadlineError when `withinMs` have passed; the error of `ask` at once
 */
export async function until<Answer>(
  awaited: string,
  withinMs: number,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
  everyMs = POLL_MS,
): Promise<Answer> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() >= deadline) throw new DeadlineError(awaited, withinMs);
    await delay(everyMs);
  }
}

/**
 * Waits for a promise no longer than `withinMs`.
 * @throws DeadlineError when it is not settled by then; `detail()` is added to its message
 */
export async function within<Value>(
  awaited: string,
  withinMs: number,
  promise: Promise<Value>,
  detail: () => string = () => '',
): Promise<Value> {
  const timer = new AbortController();
  const late = delay(withinMs, undefined, { signal: timer.signal }).then(() => {
    throw new DeadlineError(awaited, withinMs, detail());
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
  }
}
