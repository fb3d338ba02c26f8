import { describe, expect, it } from '@jest/globals';
import { HEALTHY, posting, transfer } from '../../testing/books.fixture.js';
import { audit, isConsistent } from './audit.js';
import { booksOf } from './books-of.js';
import type { Books } from './books.js';

/** The same books for two more customers, beside one another; the bank's own account is the same. */
const renamed = (id: string) => (id === 'capital' ? id : `${id}'`);
const theirs = JSON.parse(
  JSON.stringify(HEALTHY, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
  (key, value: unknown) => {
    if (typeof value !== 'string') return value;
    if (/^-?\d+n$/.test(value)) return BigInt(value.slice(0, -1));
    if (key === 'requestedAt') return new Date(value);
    return /id$/i.test(key) || key === 'key' ? renamed(value) : value;
  },
) as Books;
const both: Books = {
  transfers: [...HEALTHY.transfers, ...theirs.transfers],
  postings: [...HEALTHY.postings, ...theirs.postings],
  rejections: [...HEALTHY.rejections, ...theirs.rejections],
  accounts: [
    ...HEALTHY.accounts.filter(({ id }) => id !== 'capital'),
    ...theirs.accounts.filter(({ id }) => id !== 'capital'),
    { id: 'capital', currency: 'EUR', balanceMinor: -2000n },
  ],
  outbox: joined('outbox'),
  inbox: joined('inbox'),
  deadLetters: joined('deadLetters'),
  idempotency: [...HEALTHY.idempotency, ...theirs.idempotency],
  channels: { events: [...(HEALTHY.channels?.events ?? []), ...(theirs.channels?.events ?? [])] },
};

function joined<Part extends 'outbox' | 'inbox' | 'deadLetters'>(part: Part): Books[Part] {
  const [one, other]: Books[Part][] = [HEALTHY[part], theirs[part]];
  return {
    transactions: [...(one?.transactions ?? []), ...(other?.transactions ?? [])],
    accounts: [...(one?.accounts ?? []), ...(other?.accounts ?? [])],
  } as Books[Part];
}

describe('the books of some customers', () => {
  it('are what the books would be if there were no others', () => {
    expect(isConsistent(audit(both))).toBe(true);
    expect(audit(both).recorded).toBe(4);
    expect(booksOf(both, ['ada', 'ben'])).toEqual({ ...HEALTHY, accounts: expect.any(Array) });
    expect(booksOf(both, ["ada'", "ben'"])).toEqual({ ...theirs, accounts: expect.any(Array) });
    const one = booksOf(both, ['ada', 'ben']);
    expect(new Set(one.accounts)).toEqual(new Set(HEALTHY.accounts));
  });

  it('do not have the damage of others', () => {
    const damaged: Books = {
      ...both,
      transfers: [...both.transfers, transfer('lost', 'pending')],
      postings: [
        ...both.postings,
        posting('phantom', {
          entries: [
            { accountId: 'ada', amountMinor: -1n },
            { accountId: 'ben', amountMinor: 1n },
          ],
        }),
      ],
    };
    expect(isConsistent(audit(booksOf(damaged, ["ada'", "ben'"])))).toBe(true);
    const found = audit(booksOf(damaged, ['ada', 'ben']));
    expect([...found.lost, ...found.phantom].map(({ id }) => id)).toEqual(['lost', 'phantom']);
  });

  it('keep what is wrong with an account that they touch', () => {
    const accounts = both.accounts.map((account) =>
      account.id === 'capital' ? { ...account, balanceMinor: account.balanceMinor + 5n } : account,
    );
    expect(audit(booksOf({ ...both, accounts }, ['ada', 'ben'])).imbalances).toEqual([
      'the balance of account capital is not the sum of its entries',
      'the balances in EUR sum to 5 and not to zero',
    ]);
  });
});
