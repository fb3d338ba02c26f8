import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 5;
/** Under Jest's own limit for a test, so that the error names the condition. */
const DEADLINE_MS = 4_000;

/**
 * Waits until a condition holds.
 *
 * @param what names the condition in the error
 * @param deadlineMs default 4 s
 * @throws Error when it does not hold by the deadline
 */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Not within ${deadlineMs} ms: ${what}`);
    await delay(POLL_MS);
  }
}
