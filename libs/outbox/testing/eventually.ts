import { setTimeout as delay } from 'node:timers/promises';

/** Between two looks, in ms. */
const POLL_MS = 5;
/** Long enough for a machine out of breath; a condition that holds costs none of it. */
const DEADLINE_MS = 10_000;

/**
 * Waits for a condition, and never for a time.
 *
 * @param what the condition in words, for the error
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

/** A door that stays shut until it is opened: what passes it waits there. */
export class Gate {
  readonly opened: Promise<void>;
  /** Lets everyone through, now and later. */
  open!: () => void;

  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }
}
