import type { Delivered } from './first-deliveries.js';

/** A committed event, as the database knows it. */
export interface HistoryEvent {
  readonly id: string;
  readonly key: string;
  readonly ordered: boolean;
  /** What the outbox has counted; null when the outbox does not have it. */
  readonly attempts: number | null;
  /** Whether a relay that had leased it never told what became of it. */
  readonly crashed: boolean;
}

/** Everything that a run has left behind. */
export interface Remains {
  /** In the order in which each key's transactions were committed. */
  readonly history: readonly HistoryEvent[];
  /** Each event where it came first, in the order of the broker's numbers. */
  readonly delivered: readonly Delivered[];
  /** How often the broker has stored each event. */
  readonly copies: ReadonlyMap<string, number>;
  /** How often each event took effect behind the inbox. */
  readonly effects: ReadonlyMap<string, number>;
}

const EXAMPLES_MAX = 3;

/** What is wrong, one sentence for each promise that was broken; nothing when all were kept. */
export function verdictOn({ history, delivered, copies, effects }: Remains): string[] {
  const committed = new Map(history.map((event) => [event.id, event]));
  const promises: readonly (readonly [string, readonly string[]])[] = [
    ['committed and not delivered', idsOf(history.filter(({ id }) => !copies.has(id)))],
    ['delivered and not committed', [...copies.keys()].filter((id) => !committed.has(id))],
    ['keys delivered in another order than committed', keysOutOfOrder(history, delivered)],
    [
      'did not take effect exactly once',
      idsOf(history.filter(({ id }) => copies.has(id) && effects.get(id) !== 1)),
    ],
    [
      'published more often than counted',
      idsOf(history.filter(({ id, attempts }) => (copies.get(id) ?? 0) > (attempts ?? 0))),
    ],
    [
      'counted more often than published, and no lease of it crashed',
      idsOf(
        history.filter(({ id, attempts, crashed }) => !crashed && (copies.get(id) ?? 0) < (attempts ?? 0)),
      ),
    ],
  ];
  return promises.flatMap(([what, cases]) =>
    cases.length === 0 ? [] : [`${cases.length} ${what}: ${cases.slice(0, EXAMPLES_MAX).join(', ')} …`],
  );
}

function idsOf(events: readonly HistoryEvent[]): string[] {
  return events.map(({ id }) => id);
}

function keysOutOfOrder(history: readonly HistoryEvent[], delivered: readonly Delivered[]): string[] {
  const committed = byKey(history.filter(({ ordered }) => ordered));
  const ordered = new Set([...committed.values()].flat());
  const arrived = byKey(
    delivered.filter(({ id }) => ordered.has(id)).map(({ id, partitionkey: key }) => ({ id, key })),
  );
  return [...committed].filter(([key, ids]) => ids.join() !== arrived.get(key)?.join()).map(([key]) => key);
}

function byKey(events: readonly { readonly id: string; readonly key: string }[]): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  for (const { id, key } of events) {
    const ids = keys.get(key);
    if (ids) ids.push(id);
    else keys.set(key, [id]);
  }
  return keys;
}
