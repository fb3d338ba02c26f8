import { audit, type Audit } from '../../audit/audit.js';
import type { Books, OutboxEvent } from '../../audit/books.js';
import { groupBy } from '../../audit/group-by.js';
import type { Bank } from '../bank/bank.js';
import type { Client } from './client.js';
import type { Handling } from './handling.js';
import { booksOf, eventIn } from './simulated-books.js';

/**
 * What can be wrong with a schedule; the names are those of the auditor and of the checks on real processes.
 *
 * - `lost`, `stuck`, `duplicated`, `phantom`, `imbalance`, `disagreement`: as the auditor calls them.
 * - `dead letter`: a message that could not be handled.
 * - `told twice`: an order or an outcome that was announced under two ids.
 * - `ordered twice`: a transfer that no key of the client stands for.
 * - `out of order`: an event that was stored first after a later one of its key.
 * - `miscounted`: an event that was published more often than its outbox says.
 * - `delivered again`: a message that a process which stopped in peace has left to its successor.
 * - `handed in vain`: a message that a program gave to a client which had told it that it was not connected: it may
 *   arrive when everybody has forgotten it.
 * - `deadlock`: a transaction that the database broke off.
 * - `id used twice`: two things of the bank have one id.
 */
export type FindingKind =
  | 'lost'
  | 'stuck'
  | 'duplicated'
  | 'phantom'
  | 'imbalance'
  | 'disagreement'
  | 'dead letter'
  | 'told twice'
  | 'ordered twice'
  | 'out of order'
  | 'miscounted'
  | 'delivered again'
  | 'handed in vain'
  | 'deadlock'
  | 'id used twice';

/** One promise that a schedule has broken. */
export interface Finding {
  readonly kind: FindingKind;
  readonly text: string;
}

/** What a schedule is judged by when it is over. */
export interface Remains {
  readonly bank: Bank;
  readonly client: Client;
  readonly handling: Handling;
}

/** Everything that is wrong; nothing when all promises were kept. */
export function findingsOf({ bank, client, handling }: Remains): Finding[] {
  const books = booksOf(bank);
  return [
    ...auditFindings(audit(books, client.toldOf()), bank),
    ...found('told twice', toldTwice(books)),
    ...found('ordered twice', client.done ? surplusOf(books, client) : []),
    ...found('dead letter', deadLetters(books)),
    ...found('out of order', outOfOrder(bank)),
    ...found('miscounted', miscounted(bank, books)),
    ...found('delivered again', handling.left),
    ...found('handed in vain', bank.broker.handedInVain),
    ...found('deadlock', deadlocks(bank)),
    ...found('id used twice', twice(idsIn(books))),
  ];
}

function found(kind: FindingKind, texts: readonly string[]): Finding[] {
  return texts.map((text) => ({ kind, text }));
}

/** But for what the broker has forgotten: of what it lost after its word, nothing was promised. */
function auditFindings(found: Audit, { broker }: Bank): Finding[] {
  const forgotten = new Set([...broker.forgotten].map(({ payload }) => eventIn(payload).transferId));
  const classes = (['lost', 'stuck', 'duplicated', 'phantom'] as const).flatMap((kind) =>
    found[kind]
      .filter(({ id }) => !forgotten.has(id) || kind === 'duplicated' || kind === 'phantom')
      .map(({ id, because }) => ({ kind, text: `transfer ${id}: ${because}` })),
  );
  return [
    ...classes,
    ...found.imbalances.map((text) => ({ kind: 'imbalance' as const, text })),
    ...found.disagreements.map((text) => ({ kind: 'disagreement' as const, text })),
  ];
}

function outboxes({ outbox }: Books): OutboxEvent[] {
  return [...outbox.transactions, ...outbox.accounts];
}

function toldTwice({ outbox }: Books): string[] {
  return Object.values(outbox).flatMap((events) =>
    twice(events.map(({ transferId }) => transferId)).map((id) => `transfer ${id}`),
  );
}

function surplusOf({ transfers }: Books, client: Client): string[] {
  const known = new Set([...client.told.values()].map(({ transferId }) => transferId));
  return transfers.filter(({ id }) => !known.has(id)).map(({ id }) => `transfer ${id} is nobody's`);
}

function deadLetters({ deadLetters }: Books): string[] {
  return Object.values(deadLetters).flatMap((letters) =>
    letters.map(({ channel, error }) => `${channel}: ${error}`),
  );
}

/** The events of a key must have been stored first in the order of their numbers, without a gap. */
function outOfOrder({ broker }: Bank): string[] {
  const seen = new Set<string>();
  const lastOfKey = new Map<string, bigint>();
  return broker.history.flatMap(({ payload }) => {
    const { id, type, key: account, sequence } = eventIn(payload);
    if (seen.has(id) || sequence === null) return [];
    seen.add(id);
    const key = `${type === 'transfer.requested' ? 'transactions' : 'accounts'} ${account}`;
    const due = (lastOfKey.get(key) ?? 0n) + 1n;
    lastOfKey.set(key, sequence);
    return sequence === due ? [] : [`of ${key}, ${sequence} came where ${due} was due`];
  });
}

/** Each attempt is counted before it is made. */
function miscounted({ broker }: Bank, books: Books): string[] {
  const published = groupBy(broker.received, (payload) => eventIn(payload).id);
  return outboxes(books).flatMap(({ id, attempts }) => {
    const times = published.get(id)?.length ?? 0;
    return times <= attempts ? [] : [`${id} was published ${times} times, and counted ${attempts}`];
  });
}

function deadlocks({ databases }: Bank): string[] {
  return Object.values(databases).flatMap(({ parts, database }) =>
    database.deadlocks === 0 ? [] : [`${database.deadlocks} in ${parts.name}`],
  );
}

function idsIn(books: Books): string[] {
  const things = [...books.transfers, ...books.postings, ...outboxes(books)];
  return things.map(({ id }) => id);
}

function twice(ids: readonly string[]): string[] {
  return [...groupBy(ids, (id) => id)].filter(([, group]) => group.length > 1).map(([id]) => id);
}
