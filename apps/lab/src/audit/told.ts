import type { Books } from './books.js';

/** What the client knows of one of its orders, at the end. */
export interface Told {
  /**
   * - `accepted`: it was answered that the order is recorded.
   * - `refused`: it was answered that the order is not.
   * - `unknown`: no answer came, or one that leaves it open (5xx).
   */
  readonly outcome: 'accepted' | 'refused' | 'unknown';
  /** The transfer that the answer named. */
  readonly transferId?: string;
  /** The outcome that the client was shown when it looked. */
  readonly shown?: 'posted' | 'rejected';
}

/** Where what clients were told is not so, one sentence each. What they could not know may be either. */
export function toldFaults(books: Books, told: ReadonlyMap<string, Told>): string[] {
  const recorded = new Map(books.transfers.map(({ id, status }) => [id, status]));
  const underKey = new Map(
    books.idempotency.map(({ key, transfers }) => [
      key,
      transfers.map(({ id }) => id).filter((id) => recorded.has(id)),
    ]),
  );
  return [...told].flatMap(([key, { outcome, transferId, shown }]) => {
    const ids = underKey.get(key) ?? [];
    if (outcome === 'accepted' && ids.length === 0) return [`order ${key} was accepted, and is not recorded`];
    if (outcome === 'accepted' && transferId !== undefined && !ids.includes(transferId)) {
      return [`order ${key} was accepted as transfer ${transferId}, and recorded as another`];
    }
    const status = recorded.get(transferId ?? '');
    if (shown !== undefined && status !== shown) {
      return [`order ${key} was shown as ${shown}, and transfer ${transferId} is ${status}`];
    }
    if (outcome === 'refused' && ids.length > 0) return [`order ${key} was refused, and is recorded`];
    return [];
  });
}
