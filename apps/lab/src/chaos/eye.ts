import type { Glance } from '../audit/glance.js';
import type { Sighting } from '../audit/watch.js';
import type { History, Reading } from './history.js';

/** Sees the readings of a running system, writes them down, and keeps what is plotted. */
export class Eye {
  private readonly readings: Reading[] = [];
  private blind = 0;

  constructor(private readonly history: History) {}

  /** What was seen so far. */
  get seen(): { readonly readings: readonly Reading[]; readonly blind: number } {
    return { readings: this.readings, blind: this.blind };
  }

  see({ glance, faults }: Sighting): void {
    const reading = readingOf(glance, this.history.nowMs, faults);
    this.readings.push(reading);
    this.history.write({ what: 'reading', ...reading });
  }

  miss(reason: string): void {
    this.blind += 1;
    this.history.write({ what: 'blind', reason });
  }
}

/** What of a glance is plotted. */
export function readingOf(glance: Glance, atMs: number, faults: readonly string[]): Reading {
  const { transfers, ended, pendingMinor, outboxDepth } = glance;
  let difference = 0n;
  for (const [id, amountMinor] of pendingMinor) if (!ended.has(id)) difference += amountMinor;
  return {
    atMs,
    recorded: transfers.size,
    backlog: [...transfers].filter(([id, status]) => status === 'pending' && !ended.has(id)).length,
    outboxDepth: outboxDepth.transactions + outboxDepth.accounts,
    pending: pendingMinor.size,
    moneyDifferenceMinor: String(difference),
    faults,
  };
}
