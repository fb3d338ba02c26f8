import type { DeadLetter, InboxRecord, RecordedTransfer, Side, TransferEvent } from './books.js';
import type { Evidence } from './evidence.js';
import { groupBy } from './group-by.js';

/**
 * Where outbox, inbox, dead letters and idempotency records say something else than the rows they speak of, one sentence
 * each. The books must be those of a run that is younger than what the services keep: partitions that are dropped and
 * keys that have expired would be missed.
 */
export function recordFaults(evidence: Evidence): string[] {
  const transfers = new Map(evidence.books.transfers.map((transfer) => [transfer.id, transfer]));
  return [
    ...requestFaults(evidence, transfers),
    ...outcomeFaults(evidence),
    ...inboxFaults(evidence, transfers),
    ...letterFaults(evidence, transfers),
    ...idempotencyFaults(evidence, transfers),
  ];
}

type Transfers = ReadonlyMap<string, RecordedTransfer>;

/** What `transactions` asks for is what it has recorded, once. */
function requestFaults({ books }: Evidence, transfers: Transfers): string[] {
  const requests = new Map(books.outbox.transactions.map((event) => [event.id, event]));
  const perTransfer = groupBy([...requests.values()], ({ transferId }) => transferId);
  return [...perTransfer].flatMap(([transferId, events]) => {
    const transfer = transfers.get(transferId);
    if (transfer === undefined)
      return [`the outbox of transactions asks for transfer ${transferId}, which is not recorded`];
    if (events.length > 1)
      return [`the outbox of transactions asks for transfer ${transferId} ${events.length} times`];
    return events.every((event) => saysTheSame(event, transfer))
      ? []
      : [`the outbox of transactions asks for something else than transfer ${transferId} says`];
  });
}

/** What `accounts` tells is what it has done. */
function outcomeFaults({ books, postings, rejections }: Evidence): string[] {
  return books.outbox.accounts.flatMap(({ type, transferId }) => {
    const isSo = type === 'transfer.posted' ? postings.has(transferId) : rejections.has(transferId);
    return isSo ? [] : [`the outbox of accounts tells ${type} of transfer ${transferId}, which is not so`];
  });
}

/** Who has recorded an event as handled has done what it asks for; and what is done was recorded. */
function inboxFaults(evidence: Evidence, transfers: Transfers): string[] {
  const { books, postings, rejections } = evidence;
  const hasEnded = (id: string) => postings.has(id) || rejections.has(id);
  const saysSo = (id: string) => (transfers.get(id)?.status ?? 'pending') !== 'pending';
  const ended = [...new Set([...postings.keys(), ...rejections.keys()])];
  const said = books.transfers.filter(({ id }) => saysSo(id)).map(({ id }) => id);
  return [
    ...inboxFaultsOf('accounts', 'transactions', { evidence, isDone: hasEnded, done: ended }),
    ...inboxFaultsOf('transactions', 'accounts', { evidence, isDone: saysSo, done: said }),
  ];
}

interface Done {
  readonly evidence: Evidence;
  readonly isDone: (transferId: string) => boolean;
  readonly done: readonly string[];
}

function inboxFaultsOf(receiver: Side, sender: Side, { evidence, isDone, done }: Done): string[] {
  const handled = new Set(evidence.books.inbox[receiver].map(({ eventId }: InboxRecord) => eventId));
  const inVain = [...evidence.eventsBy(sender)]
    .filter(({ id, transferId }) => handled.has(id) && !isDone(transferId))
    .map(({ id, transferId }) => {
      return `the inbox of ${receiver} has event ${id}, and nothing came of it for transfer ${transferId}`;
    });
  const unnoticed = done
    .filter((transferId) => {
      const events = evidence.eventsOf(sender, transferId);
      return events.length > 0 && !events.some(({ id }) => handled.has(id));
    })
    .map(
      (transferId) =>
        `the inbox of ${receiver} has no event of transfer ${transferId}, which has ended there`,
    );
  return [...inVain, ...unnoticed];
}

/** What could not be handled was asked for, and is not done all the same. */
function letterFaults({ books, postings, rejections }: Evidence, transfers: Transfers): string[] {
  const isDone: Readonly<Record<Side, (id: string) => boolean>> = {
    accounts: (id) => postings.has(id) || rejections.has(id),
    transactions: (id) => (transfers.get(id)?.status ?? 'pending') !== 'pending',
  };
  const faultOf = (side: Side, { event, reason, deliveries, error }: DeadLetter): string[] => {
    if (event === null) return [];
    const what = `a dead letter of ${side} is about transfer ${event.transferId}, which`;
    if (!transfers.has(event.transferId)) return [`${what} is not recorded`];
    const why = `${reason} at delivery ${deliveries}: ${error}`;
    return isDone[side](event.transferId) ? [`${what} has ended there all the same (${why})`] : [];
  };
  return (['transactions', 'accounts'] as const).flatMap((side) =>
    books.deadLetters[side].flatMap((letter) => faultOf(side, letter)),
  );
}

/** Every transfer was recorded under one key, and the key's answer says what is recorded. */
function idempotencyFaults({ books }: Evidence, transfers: Transfers): string[] {
  const answers = books.idempotency.flatMap(({ key, transfers: named }) =>
    named.map((answered) => ({ key, answered })),
  );
  const underKeys = groupBy(answers, ({ answered }) => answered.id);
  const wrong = answers.flatMap(({ key, answered }) => {
    const transfer = transfers.get(answered.id);
    if (transfer === undefined)
      return [`the answer of key ${key} names transfer ${answered.id}, which is not recorded`];
    if (answered.debitAccountId === null || saysTheSame(answered, transfer)) return [];
    return [`the answer of key ${key} says something else than transfer ${answered.id}`];
  });
  const miscounted = books.transfers.flatMap(({ id }) => {
    const keys = underKeys.get(id)?.length ?? 0;
    return keys === 1 ? [] : [`transfer ${id} is recorded under ${keys} keys`];
  });
  return [...wrong, ...miscounted];
}

type Terms = Pick<TransferEvent, 'debitAccountId' | 'creditAccountId' | 'amountMinor' | 'currency'>;

function saysTheSame(
  said: { readonly [Term in keyof Terms]: Terms[Term] | null },
  is: RecordedTransfer,
): boolean {
  return (
    said.debitAccountId === is.debitAccountId &&
    said.creditAccountId === is.creditAccountId &&
    said.amountMinor === is.amountMinor &&
    said.currency === is.currency
  );
}
