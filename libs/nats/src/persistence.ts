import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from './backoff.js';
import { toError } from './to-error.js';

/** First and longest pause between two attempts, in ms; jittered, see {@link backoffMs}. */
const PAUSE_FIRST_MS = 100;
export const PAUSE_LONGEST_MS = 2_000;

/** How {@link persist} goes about it. */
export interface Persistence {
  /** Gives up with the last attempt's error when it has passed, in ms. */
  readonly timeoutMs: number;
  /** How long one and the same failure is waited out, in ms; 0 for one that time does not heal. */
  readonly patienceMs: (error: unknown) => number;
  /** Is told what is waited for, and again when that has changed. */
  readonly onWait: (reason: string) => void;
  /** Ends a pause early; the attempt after it decides. */
  readonly signal: AbortSignal;
}

/**
 * Repeats an attempt, with pauses that grow, until it succeeds.
 *
 * @throws whatever the attempt that was not waited out threw
 */
export async function persist(attempt: () => Promise<void>, persistence: Persistence): Promise<void> {
  const { timeoutMs, patienceMs, onWait, signal } = persistence;
  const deadline = performance.now() + timeoutMs;
  let reason: string | undefined;
  let since = 0;
  for (let failures = 0; ; failures++) {
    try {
      await attempt();
      return;
    } catch (error) {
      const pauseMs = backoffMs(failures, PAUSE_FIRST_MS, PAUSE_LONGEST_MS);
      const resumesAt = performance.now() + pauseMs;
      const { message } = toError(error);
      const isNew = message !== reason;
      if (isNew) since = performance.now();
      if (resumesAt > deadline || resumesAt - since > patienceMs(error)) throw error;
      if (isNew) onWait(message);
      reason = message;
      await pause(pauseMs, signal);
    }
  }
}

/** A pause that a signal ends early. */
export function pause(pauseMs: number, signal: AbortSignal): Promise<void> {
  return delay(pauseMs, undefined, { signal }).catch(() => undefined);
}
