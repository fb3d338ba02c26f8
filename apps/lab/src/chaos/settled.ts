import { setTimeout as delay } from 'node:timers/promises';
import { readGlance } from '../audit/glance.js';
import type { BankUrls } from '../audit/read-books.js';
import { DeadlineError } from '../lab.errors.js';
import { until } from '../parts/deadline.js';
import type { DeliveryStrategy } from '../parts/bank.js';
import { RECOVERY_MS_MAX } from './verdict.js';

/** Each look reads all transfers. */
const LOOK_MS = 1_000;
/** Longer than anything waits that is going to come: a redelivery is due after 5 s, and a restart takes less. */
const QUIET_MS = 12_000;

/**
 * Waits until nothing is on its way any more. With an outbox that is when nothing is pending and nothing waits; without
 * one, what is lost is pending for ever, and it is when nothing has changed for a while.
 *
 * @returns whether that was so within the bound
 */
export async function waitUntilSettled(databases: BankUrls, strategy: DeliveryStrategy): Promise<boolean> {
  let last = '';
  let sinceMs = performance.now();
  try {
    await until('everything to settle', RECOVERY_MS_MAX, async () => {
      if (last !== '') await delay(LOOK_MS);
      const { transfers, ended, pendingMinor, outboxDepth } = await readGlance(databases);
      const waiting = outboxDepth.transactions + outboxDepth.accounts;
      if (pendingMinor.size === 0 && waiting === 0) return true;
      const now = [transfers.size, ended.size, pendingMinor.size, waiting].join();
      if (now !== last) [last, sinceMs] = [now, performance.now()];
      return strategy !== 'outbox' && performance.now() - sinceMs > QUIET_MS ? true : undefined;
    });
    return true;
  } catch (error) {
    if (error instanceof DeadlineError) return false;
    throw error;
  }
}
