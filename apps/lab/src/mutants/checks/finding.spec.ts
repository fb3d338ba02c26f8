import { describe, expect, it } from '@jest/globals';
import type { Audit } from '../../audit/audit.js';
import type { Books, OutboxEvent, StoredEvent } from '../../audit/books.js';
import { findingsIn, kindsOf } from './finding.js';

const AUDIT: Audit = {
  recorded: 1,
  posted: 1,
  rejected: 0,
  lost: [],
  stuck: [],
  duplicated: [],
  phantom: [],
  reordered: [],
  convergedFromDoubt: [],
  moneyMissingMinor: {},
  imbalances: [],
  disagreements: [],
};
const BOOKS: Books = {
  transfers: [],
  postings: [],
  rejections: [],
  accounts: [],
  outbox: { transactions: [], accounts: [] },
  inbox: { transactions: [], accounts: [] },
  deadLetters: { transactions: [], accounts: [] },
  idempotency: [],
};

describe('the findings of a check', () => {
  const outcome = (id: string): OutboxEvent => ({
    id,
    type: 'transfer.posted',
    key: 'k',
    sequence: 1n,
    transferId: 't',
    debitAccountId: 'd',
    creditAccountId: 'c',
    amountMinor: null,
    currency: null,
    state: 'settled',
    attempts: 1,
  });
  const stored = (number: number, sequence: bigint): StoredEvent => ({
    ...outcome(`e${number}`),
    number,
    sequence,
  });

  it('are none where all is well', () => {
    const accounts = [outcome('one')];
    const books = { ...BOOKS, outbox: { ...BOOKS.outbox, accounts } };
    expect(findingsIn({ ...books, channels: { events: [stored(1, 1n), stored(2, 2n)] } }, AUDIT)).toEqual([]);
  });

  it('have a kind of their own, whoever found them', () => {
    const audit: Audit = {
      ...AUDIT,
      phantom: [{ id: 't', amountMinor: 1n, currency: 'EUR', because: 'it was posted and never recorded' }],
      disagreements: [
        'a dead letter of accounts is about transfer t, which is not recorded',
        'transfer t is recorded under 0 keys',
        'the inbox of accounts has event e, and nothing came of it for transfer t',
      ],
      imbalances: ['the balances in EUR sum to 1 and not to zero'],
    };
    const books: Books = {
      ...BOOKS,
      outbox: { ...BOOKS.outbox, accounts: [outcome('one'), outcome('two')] },
      channels: { events: [stored(1, 2n), stored(2, 1n)] },
    };
    expect(kindsOf(findingsIn(books, audit))).toEqual([
      'dead letter',
      'disagreement',
      'imbalance',
      'ordered twice',
      'out of order',
      'phantom',
      'told twice',
    ]);
  });
});
