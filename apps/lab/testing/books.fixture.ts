import type {
  Books,
  IdempotencyRecord,
  LedgerPosting,
  LedgerRejection,
  OutboxEvent,
  RecordedTransfer,
  StoredEvent,
  TransferEvent,
} from '../src/audit/books.js';

/** From ada to ben, in EUR, unless `change` says otherwise. */
export function transfer(
  id: string,
  status: RecordedTransfer['status'],
  change: Partial<RecordedTransfer> = {},
): RecordedTransfer {
  const accounts = { debitAccountId: 'ada', creditAccountId: 'ben', currency: 'EUR' };
  return {
    id,
    ...accounts,
    amountMinor: 100n,
    status,
    requestedAt: new Date('2026-01-01T00:00:00Z'),
    ...change,
  };
}

export function posting(transferId: string, change: Partial<LedgerPosting> = {}): LedgerPosting {
  return {
    id: `posting of ${transferId}`,
    transferId,
    currency: 'EUR',
    entries: moves(100n),
    atMicros: 1n,
    ...change,
  };
}

/** The entries that move an amount from ada to ben. */
export function moves(amountMinor: bigint): LedgerPosting['entries'] {
  return [
    { accountId: 'ada', amountMinor: -amountMinor },
    { accountId: 'ben', amountMinor },
  ];
}

export function rejection(transferId: string, change: Partial<LedgerRejection> = {}): LedgerRejection {
  const terms = { debitAccountId: 'ada', creditAccountId: 'ben', amountMinor: 100n, currency: 'EUR' };
  return { transferId, ...terms, atMicros: 1n, ...change };
}

/** A request, settled in the outbox. */
export function request(transferId: string, change: Partial<OutboxEvent> = {}): OutboxEvent {
  return { ...event('transfer.requested', transferId), state: 'settled', attempts: 1, ...change };
}

/** An outcome, settled in the outbox. */
export function outcome(
  type: 'transfer.posted' | 'transfer.rejected',
  transferId: string,
  change: Partial<OutboxEvent> = {},
): OutboxEvent {
  return {
    ...event(type, transferId),
    amountMinor: null,
    currency: null,
    state: 'settled',
    attempts: 1,
    ...change,
  };
}

/** An event on a channel. */
export function stored(
  number: number,
  source: TransferEvent,
  change: Partial<StoredEvent> = {},
): StoredEvent {
  const { id, type, key, sequence, transferId, debitAccountId, creditAccountId, amountMinor, currency } =
    source;
  const copy = {
    id,
    type,
    key,
    sequence,
    transferId,
    debitAccountId,
    creditAccountId,
    amountMinor,
    currency,
  };
  return { ...copy, number, ...change };
}

export function inboxOf(...events: readonly TransferEvent[]): Books['inbox']['accounts'] {
  return events.map(({ id, type }) => ({ source: '/sender', eventId: id, type, repeats: 0 }));
}

/** The record of a key under which a transfer was recorded. */
export function answer(order: RecordedTransfer, change: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  return { key: `key of ${order.id}`, status: 202, transfers: [order], ...change };
}

const OPENING: LedgerPosting = {
  id: 'opening',
  transferId: null,
  currency: 'EUR',
  entries: [
    { accountId: 'ada', amountMinor: 1000n },
    { accountId: 'capital', amountMinor: -1000n },
  ],
  atMicros: 0n,
};

/** Books of which nothing is said: no transfer, and one account with money. */
export const NOTHING: Books = {
  transfers: [],
  postings: [OPENING],
  rejections: [],
  accounts: [],
  outbox: { transactions: [], accounts: [] },
  inbox: { transactions: [], accounts: [] },
  deadLetters: { transactions: [], accounts: [] },
  idempotency: [],
};

/** Books whose balances are what the entries sum to; a test spoils what it is about. */
export function books(parts: Partial<Books>): Books {
  const postings = parts.postings ?? NOTHING.postings;
  const balanceOf = (id: string) =>
    postings
      .flatMap(({ entries }) => entries)
      .filter(({ accountId }) => accountId === id)
      .reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  const accounts = ['ada', 'ben', 'capital'].map((id) => ({
    id,
    currency: 'EUR',
    balanceMinor: balanceOf(id),
  }));
  return { ...NOTHING, accounts, ...parts };
}

const POSTED = transfer('t1', 'posted');
const REJECTED = transfer('t2', 'rejected', { amountMinor: 5000n });
const REQUESTS = [request('t1', { sequence: 1n }), request('t2', { sequence: 2n, amountMinor: 5000n })];
const OUTCOMES = [outcome('transfer.posted', 't1'), outcome('transfer.rejected', 't2')];

/** One transfer posted, one rejected; everybody agrees, the broker included. */
export const HEALTHY: Books = books({
  transfers: [POSTED, REJECTED],
  postings: [OPENING, posting('t1', { atMicros: 1n })],
  rejections: [rejection('t2', { amountMinor: 5000n, atMicros: 2n })],
  outbox: { transactions: REQUESTS, accounts: OUTCOMES },
  inbox: { transactions: inboxOf(...OUTCOMES), accounts: inboxOf(...REQUESTS) },
  idempotency: [answer(POSTED), answer(REJECTED)],
  channels: {
    events: [
      ...REQUESTS.map((one, index) => stored(index + 1, one)),
      ...OUTCOMES.map((one) => stored(1, one)),
    ],
  },
});

function event(type: TransferEvent['type'], transferId: string): TransferEvent {
  return {
    id: `${type} of ${transferId}`,
    type,
    key: 'ada',
    sequence: null,
    transferId,
    debitAccountId: 'ada',
    creditAccountId: 'ben',
    amountMinor: 100n,
    currency: 'EUR',
  };
}
