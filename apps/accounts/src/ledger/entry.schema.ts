import type { Entry } from './entry.entity.js';

/** An entry as the API shows it. */
export interface EntryView {
  readonly id: string;
  readonly postingId: string;
  readonly amountMinor: string;
  readonly postedAt: string;
}

export function entryViewOf(entry: Entry): EntryView {
  return {
    id: entry.id.toString(),
    postingId: entry.postingId,
    amountMinor: entry.amountMinor.toString(),
    postedAt: entry.postedAt.toISOString(),
  };
}
