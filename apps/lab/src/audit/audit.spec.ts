import { describe, expect, it } from '@jest/globals';
import { audit, isConsistent } from './audit.js';
import type { Books, LedgerPosting, RecordedTransfer } from './books.js';

const OPENING: LedgerPosting = {
  id: 'opening',
  transferId: null,
  currency: 'EUR',
  entries: [
    { accountId: 'ada', amountMinor: 1000n },
    { accountId: 'capital', amountMinor: -1000n },
  ],
};

function transfer(id: string, status: RecordedTransfer['status'], amountMinor = 100n): RecordedTransfer {
  const accounts = { debitAccountId: 'ada', creditAccountId: 'ben', currency: 'EUR' };
  return { id, ...accounts, amountMinor, status, requestedAt: new Date('2026-01-01T00:00:00Z') };
}

function posting(transferId: string, amountMinor = 100n, id = `posting of ${transferId}`): LedgerPosting {
  const entries = [
    { accountId: 'ada', amountMinor: -amountMinor },
    { accountId: 'ben', amountMinor },
  ];
  return { id, transferId, currency: 'EUR', entries };
}

/** Books whose balances are what the entries sum to; a test spoils what it is about. */
function books(parts: Partial<Books>): Books {
  const postings = [OPENING, ...(parts.postings ?? [])];
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
  return { transfers: [], transfersInOutbox: new Set(), rejections: [], ...parts, postings, accounts };
}

const healthy = books({
  transfers: [transfer('t1', 'posted'), transfer('t2', 'rejected', 5000n)],
  transfersInOutbox: new Set(['t1', 't2']),
  postings: [posting('t1')],
  rejections: ['t2'],
});

describe('audit', () => {
  it('finds nothing wrong in books that agree', () => {
    const found = audit(healthy);
    expect(found).toMatchObject({ recorded: 2, posted: 1, rejected: 1, moneyMissingMinor: {} });
    expect(isConsistent(found)).toBe(true);
  });

  it('a transfer without posting, rejection and outbox row is lost, and its money is missing', () => {
    const found = audit(
      books({
        ...healthy,
        transfers: [...healthy.transfers, transfer('t3', 'pending', 250n), transfer('t4', 'pending')],
      }),
    );
    expect(found.lost.map(({ id }) => id)).toEqual(['t3', 't4']);
    expect(found.moneyMissingMinor).toEqual({ EUR: '350' });
    expect(found).toMatchObject({ recorded: 4, posted: 1, rejected: 1, stuck: [] });
    expect(isConsistent(found)).toBe(false);
  });

  it('money missing is summed per currency, exactly beyond the reach of a double', () => {
    const huge = { ...transfer('t1', 'pending', 9_007_199_254_740_993n), currency: 'JPY' };
    const found = audit(books({ transfers: [huge, transfer('t2', 'pending', 1n)] }));
    expect(found.moneyMissingMinor).toEqual({ JPY: '9007199254740993', EUR: '1' });
  });

  it.each<[string, Partial<Books>]>([
    ['whose outbox row is not decided', { transfersInOutbox: new Set(['t1']) }],
    ['that is posted while its status is pending', { postings: [posting('t1')] }],
    ['that is rejected while its status is pending', { rejections: ['t1'] }],
    ['that is posted and rejected', { postings: [posting('t1')], rejections: ['t1'] }],
    [
      'that says posted and was posted and rejected',
      { transfers: [transfer('t1', 'posted')], postings: [posting('t1')], rejections: ['t1'] },
    ],
    [
      'that says rejected and was posted and rejected',
      { transfers: [transfer('t1', 'rejected')], postings: [posting('t1')], rejections: ['t1'] },
    ],
    ['that says posted and was rejected', { transfers: [transfer('t1', 'posted')], rejections: ['t1'] }],
    [
      'that says rejected and was posted',
      { transfers: [transfer('t1', 'rejected')], postings: [posting('t1')] },
    ],
  ])('a transfer %s is stuck', (_case, parts) => {
    const found = audit(books({ transfers: [transfer('t1', 'pending')], ...parts }));
    expect(found.stuck.map(({ id }) => id)).toEqual(['t1']);
    expect(found).toMatchObject({ recorded: 1, posted: 0, rejected: 0, lost: [], moneyMissingMinor: {} });
    expect(isConsistent(found)).toBe(false);
  });

  it('a transfer posted twice is duplicated', () => {
    const found = audit(books({ ...healthy, postings: [posting('t1'), posting('t1', 100n, 'again')] }));
    expect(found.duplicated).toEqual(['t1']);
    expect(isConsistent(found)).toBe(false);
  });

  it('a posting with four entries is a duplicate too', () => {
    const once = posting('t1');
    const found = audit(
      books({ ...healthy, postings: [{ ...once, entries: [...once.entries, ...once.entries] }] }),
    );
    expect(found.duplicated).toEqual(['t1']);
  });

  it('a posting and a rejection of what was never recorded are phantoms', () => {
    const found = audit(
      books({ ...healthy, postings: [posting('t1'), posting('p1')], rejections: ['t2', 'p2'] }),
    );
    expect(found.phantom).toEqual(['p1', 'p2']);
    expect(found.recorded).toBe(2);
    expect(isConsistent(found)).toBe(false);
  });

  it('an opening balance is no phantom', () => {
    expect(audit(books({})).phantom).toEqual([]);
  });

  it('names a posting that moves another amount than its transfer says', () => {
    const found = audit(books({ ...healthy, postings: [posting('t1', 99n)] }));
    expect(found.imbalances).toEqual(['the posting of transfer t1 moves something else']);
  });

  it('names a posting in the wrong direction', () => {
    const found = audit(books({ ...healthy, postings: [posting('t1', -100n)] }));
    expect(found.imbalances).toEqual(['the posting of transfer t1 moves something else']);
  });

  it('names a posting whose entries do not sum to zero, and the currency that it unbalances', () => {
    const crooked = { ...OPENING, id: 'crooked', entries: [{ accountId: 'ada', amountMinor: 7n }] };
    const found = audit(books({ postings: [crooked] }));
    expect(found.imbalances).toEqual([
      'the entries of posting crooked do not sum to zero',
      'the balances in EUR sum to 7 and not to zero',
    ]);
  });

  it('names an account whose balance is not the sum of its entries', () => {
    const accounts = healthy.accounts.map((account) =>
      account.id === 'ben' ? { ...account, balanceMinor: account.balanceMinor + 1n } : account,
    );
    const found = audit({ ...healthy, accounts });
    expect(found.imbalances[0]).toBe('the balance of account ben is not the sum of its entries');
    expect(isConsistent(found)).toBe(false);
  });

  it('refuses books in which one transfer was read twice', () => {
    const twice = { ...healthy, transfers: [...healthy.transfers, transfer('t1', 'posted')] };
    expect(() => audit(twice)).toThrow(
      /2 transfers are recorded, but posted \+ rejected \+ lost \+ stuck = 3/,
    );
  });
});
