import { audit } from '../../audit/audit.js';
import type { Bank } from '../bank/bank.js';
import { groupBy } from '../sql/frames.js';
import { booksOf, committedRows, transferIdIn } from './books-of.js';
import type { Client } from './client.js';
import type { Handling } from './handling.js';

/**
 * What can be wrong with a schedule; the names are those of the auditor and of the checks on real processes.
 *
 * - `lost`, `stuck`, `duplicated`, `phantom`, `imbalance`: as the auditor calls them.
 * - `dead letter`: a message that could not be handled.
 * - `told twice`: an outcome, or an order, that was announced under two ids.
 * - `ordered twice`: a transfer that no key of the client stands for.
 * - `told wrongly`: the client was told of a transfer that is not recorded.
 * - `out of order`: an event that was stored first after a later one of its key.
 * - `miscounted`: an event that was published more often than its outbox says.
 * - `delivered again`: a message that a process which stopped in peace has left to its successor.
 * - `deadlock`: a transaction that the database broke off.
 * - `id used twice`: two things of the bank have one id.
 */
export type FindingKind =
  | 'lost'
  | 'stuck'
  | 'duplicated'
  | 'phantom'
  | 'imbalance'
  | 'dead letter'
  | 'told twice'
  | 'ordered twice'
  | 'told wrongly'
  | 'out of order'
  | 'miscounted'
  | 'delivered again'
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
  return [
    ...bookFindings(bank),
    ...eventFindings(bank),
    ...clientFindings(bank, client),
    ...found('delivered again', handling.left),
    ...Object.values(bank.databases).flatMap(({ parts: { name }, database: { deadlocks } }) =>
      deadlocks === 0 ? [] : found('deadlock', [`${deadlocks} in ${name}`]),
    ),
  ];
}

function found(kind: FindingKind, texts: readonly string[]): Finding[] {
  return texts.map((text) => ({ kind, text }));
}

/** What the auditor says, but for what the broker has forgotten: of that nothing was promised. */
function bookFindings(bank: Bank): Finding[] {
  const { lost, stuck, duplicated, phantom, imbalances } = audit(booksOf(bank));
  const forgotten = new Set([...bank.broker.forgotten].map(({ payload }) => transferIdIn(payload)));
  const unexcused = (transfers: readonly { readonly id: string }[]) =>
    transfers.map(({ id }) => id).filter((id) => !forgotten.has(id));
  return [
    ...found('lost', unexcused(lost)),
    ...found('stuck', unexcused(stuck)),
    ...found('duplicated', duplicated),
    ...found('phantom', phantom),
    ...found('imbalance', imbalances),
    ...found('id used twice', twice(idsOf(bank))),
  ];
}

function idsOf({ databases: { transactions, accounts } }: Bank): string[] {
  return [
    ...committedRows(transactions, 'transfer'),
    ...committedRows(transactions, 'outbox_message'),
    ...committedRows(accounts, 'outbox_message'),
    ...committedRows(accounts, 'posting'),
  ].map(({ id }) => id as string);
}

function twice(ids: readonly string[]): string[] {
  return [...groupBy(ids, (id) => id)].filter(([, group]) => group.length > 1).map(([id]) => id);
}

function eventFindings(bank: Bank): Finding[] {
  const services = Object.values(bank.databases);
  const buried = services.flatMap((server) =>
    committedRows(server, 'inbox_dead_letter').map(
      ({ channel, error }) => `${channel as string}: ${error as string}`,
    ),
  );
  const told = services.flatMap((server) =>
    twice(committedRows(server, 'outbox_message').map(({ envelope }) => transferIdIn(envelope as string))),
  );
  return [
    ...found('dead letter', buried),
    ...found('told twice', told),
    ...found('out of order', outOfOrder(bank)),
    ...found('miscounted', miscounted(bank)),
  ];
}

/** The events of a key must have been stored first in the order of their numbers, without a gap. */
function outOfOrder({ broker }: Bank): string[] {
  const seen = new Set<string>();
  const lastOfKey = new Map<string, number>();
  return broker.history.flatMap(({ payload }) => {
    const { id, source, partitionkey, sequence } = envelopeIn(payload);
    if (seen.has(id) || sequence === undefined) return [];
    seen.add(id);
    const key = `${source} ${partitionkey}`;
    const due = (lastOfKey.get(key) ?? 0) + 1;
    lastOfKey.set(key, Number(sequence));
    return Number(sequence) === due ? [] : [`of ${key}, ${Number(sequence)} came where ${due} was due`];
  });
}

/** Each attempt is counted before it is made. */
function miscounted({ broker, databases }: Bank): string[] {
  const published = groupBy(broker.received, (payload) => envelopeIn(payload).id);
  return Object.values(databases).flatMap((server) =>
    committedRows(server, 'outbox_message').flatMap(({ id, attempts }) => {
      const times = published.get(id as string)?.length ?? 0;
      return times <= (attempts as number)
        ? []
        : [`${id as string} was published ${times} times, and counted ${attempts as number}`];
    }),
  );
}

function envelopeIn(payload: string) {
  return JSON.parse(payload) as { id: string; source: string; partitionkey: string; sequence?: string };
}

/** What was accepted is recorded, and nothing else is. */
function clientFindings({ databases }: Bank, client: Client): Finding[] {
  const recorded = new Set(committedRows(databases.transactions, 'transfer').map(({ id }) => id as string));
  const accepted = [...client.told].flatMap(([key, { transferId: id }]) =>
    id === undefined ? [] : [{ key, id }],
  );
  const known = new Set(accepted.map(({ id }) => id));
  const surplus = client.done ? [...recorded].filter((id) => !known.has(id)) : [];
  return [
    ...found(
      'told wrongly',
      accepted.filter(({ id }) => !recorded.has(id)).map(({ key, id }) => `${key} was accepted as ${id}`),
    ),
    ...found('ordered twice', surplus),
  ];
}
