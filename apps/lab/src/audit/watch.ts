import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../lab.errors.js';
import { glanceFaults, readGlance, type Glance } from './glance.js';
import type { BankUrls } from './read-books.js';

/** One reading of a running system. */
export interface Sighting {
  readonly glance: Glance;
  /** What must never be, and was. */
  readonly faults: readonly string[];
}

/** How a running system is watched. */
export interface WatchOptions {
  /** From the end of one reading to the beginning of the next, in ms. */
  readonly everyMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly onSighting: (sighting: Sighting) => void;
  /** Takes the reason when a database cannot be read, as while it is down; the watch goes on. */
  readonly onBlind: (reason: string) => void;
  /** Reads the transfers on the request channel, after the databases; by default the outbox is believed. */
  readonly readOnChannel?: () => Promise<ReadonlySet<string>>;
}

/**
 * The running auditor: reads both databases again and again while the system works, and judges each reading by what
 * must hold at every moment. Resolves when it is told to end, after the reading that it is at.
 */
export async function watch(urls: BankUrls, options: WatchOptions): Promise<void> {
  const { everyMs, signal, onSighting, onBlind, readOnChannel } = options;
  while (!signal.aborted) {
    try {
      const glance = await readGlance(urls);
      onSighting({ glance, faults: glanceFaults(glance, await readOnChannel?.()) });
    } catch (error) {
      onBlind(messageOf(error));
    }
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
