import { setTimeout as sleep } from 'node:timers/promises';

const DEFAULT_DEADLINE_MS = 5_000;
const POLL_INTERVAL_MS = 5;

/** Waits until the condition holds. Throws with `what` when it does not by the deadline. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = DEFAULT_DEADLINE_MS,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await sleep(POLL_INTERVAL_MS);
  }
}
