import type { Books, StoredEvent } from './books.js';
import { groupBy } from './group-by.js';

/** The effect of a transfer's request: its posting or rejection. */
interface Effect {
  readonly id: string;
  readonly key: string;
  readonly sequence: bigint;
  readonly atMicros: bigint;
}

/**
 * The transfers that took effect after a later one of their key, each with the reason. The effects of one key exclude
 * each other by the lock on its row in the inbox, so the database's clock tells their order.
 *
 * @param among the transfers that are looked at
 */
export function lateEffects(books: Books, among: ReadonlySet<string>): ReadonlyMap<string, string> {
  const effects = effectsOf(books).filter(({ id }) => among.has(id));
  const late = new Map<string, string>();
  for (const ofKey of groupBy(effects, ({ key }) => key).values()) {
    let latest: Effect | undefined;
    for (const effect of ofKey.toSorted((one, other) => Number(one.atMicros - other.atMicros))) {
      if (latest === undefined || effect.sequence > latest.sequence) latest = effect;
      else late.set(effect.id, `number ${effect.sequence} of its key took effect after ${latest.sequence}`);
    }
  }
  return late;
}

/**
 * Where the first publications of a key's events are not in the order of its numbers, one sentence each: the order that
 * an outbox promises. A broker's store must be whole for that: one that was lost counts anew.
 */
export function publishedOutOfOrder(events: readonly StoredEvent[]): string[] {
  const found: string[] = [];
  for (const channel of groupBy(events, ({ type }) => type).values()) {
    const seen = new Set<string>();
    const highest = new Map<string, bigint>();
    for (const { id, type, key, sequence } of channel.toSorted((one, other) => one.number - other.number)) {
      if (sequence === null || seen.has(id)) continue;
      seen.add(id);
      const before = highest.get(key) ?? 0n;
      if (sequence > before) highest.set(key, sequence);
      else found.push(`${type}: number ${sequence} of key ${key} was first published after ${before}`);
    }
  }
  return found;
}

function effectsOf({ outbox, channels, postings, rejections }: Books): Effect[] {
  const times = new Map<string, bigint>();
  for (const { transferId, atMicros } of rejections) times.set(transferId, atMicros);
  for (const { transferId, atMicros } of postings) if (transferId !== null) times.set(transferId, atMicros);
  const requests = [...outbox.transactions, ...(channels?.events ?? [])].filter(
    ({ type }) => type === 'transfer.requested',
  );
  const byTransfer = new Map(requests.map((event) => [event.transferId, event]));
  return [...byTransfer.values()].flatMap(({ transferId: id, key, sequence }) => {
    const atMicros = times.get(id);
    return sequence === null || atMicros === undefined ? [] : [{ id, key, sequence, atMicros }];
  });
}
