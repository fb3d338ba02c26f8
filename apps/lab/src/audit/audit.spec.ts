import { describe, expect, it } from '@jest/globals';
import {
  answer,
  books,
  HEALTHY,
  moves,
  NOTHING,
  outcome,
  posting,
  rejection,
  request,
  stored,
  transfer,
} from '../../testing/books.fixture.js';
import { audit, isConsistent, type Audit } from './audit.js';
import type { Books, DeadLetter, OutboxEvent, StoredEvent } from './books.js';

/** Which class has which transfers. */
function classesOf(found: Audit): Record<string, readonly string[]> {
  const { lost, stuck, duplicated, phantom, reordered, convergedFromDoubt } = found;
  const classes = Object.entries({ lost, stuck, duplicated, phantom, reordered, convergedFromDoubt });
  return Object.fromEntries(
    classes.flatMap(([name, findings]) =>
      findings.length === 0 ? [] : [[name, findings.map(({ id }) => id)]],
    ),
  );
}

/** One more transfer in the healthy books, pending unless said otherwise, and what else is given of it. */
function withOneMore(id: string, parts: OneMore = {}): Books {
  const order = transfer(id, parts.status ?? 'pending', { amountMinor: 250n });
  const { outbox, channels, deadLetters } = HEALTHY;
  return {
    ...HEALTHY,
    transfers: [...HEALTHY.transfers, order],
    outbox: { ...outbox, transactions: [...outbox.transactions, ...(parts.outbox ?? [])] },
    deadLetters: { ...deadLetters, accounts: parts.letters ?? [] },
    idempotency: [...HEALTHY.idempotency, answer(order)],
    channels: {
      events: [...(channels?.events ?? []), ...(parts.channel ?? [])],
      ...(parts.undelivered === undefined ? {} : { undelivered: parts.undelivered }),
    },
  };
}
interface OneMore {
  readonly status?: 'posted' | 'rejected';
  readonly outbox?: readonly OutboxEvent[];
  readonly channel?: readonly StoredEvent[];
  readonly letters?: readonly DeadLetter[];
  readonly undelivered?: ReadonlySet<string>;
}

const T3 = request('t3', { amountMinor: 250n, sequence: 3n });
const LETTER: DeadLetter = {
  id: 'd',
  channel: 'transfer.requested',
  reason: 'failed',
  deliveries: 5,
  error: 'no',
  event: T3,
};

describe('in health', () => {
  it('the auditor finds nothing: no class has a transfer, and nothing disagrees', () => {
    const found = audit(HEALTHY);
    expect(found).toMatchObject({ recorded: 2, posted: 1, rejected: 1, moneyMissingMinor: {} });
    expect(classesOf(found)).toEqual({});
    expect([...found.imbalances, ...found.disagreements]).toEqual([]);
    expect(isConsistent(found)).toBe(true);
  });

  it('an opening balance is no phantom', () => {
    expect(classesOf(audit(books({})))).toEqual({});
  });
});

describe('lost', () => {
  it.each<[string, OneMore, RegExp]>([
    ['has no trace anywhere', {}, /neither in the outbox of transactions nor on the channel/],
    [
      'is published as its outbox says, and the broker does not have it',
      { outbox: [T3] },
      /the broker does not/,
    ],
    [
      'is on the channel, and the broker is not going to deliver it again',
      { outbox: [T3], channel: [stored(3, T3)], undelivered: new Set() },
      /acknowledged by accounts, which did nothing/,
    ],
    [
      'says posted, and has no trace anywhere',
      { status: 'posted' },
      /it says posted, and its event is neither/,
    ],
  ])('is a pending transfer that %s', (_case, parts, why) => {
    const found = audit(withOneMore('t3', parts));
    expect(classesOf(found)).toEqual({ lost: ['t3'] });
    expect(found.lost[0]).toMatchObject({
      amountMinor: 250n,
      currency: 'EUR',
      because: expect.stringMatching(why),
    });
    expect(found).toMatchObject({ recorded: 3, posted: 1, rejected: 1, moneyMissingMinor: { EUR: '250' } });
    expect(isConsistent(found)).toBe(false);
  });

  it('where the broker is not asked, is what the outbox does not have', () => {
    const { channels: _, ...unasked } = withOneMore('t3');
    expect(classesOf(audit(unasked))).toEqual({ lost: ['t3'] });
  });

  it('money missing is summed per currency, exactly beyond the reach of a double', () => {
    const huge = transfer('t1', 'pending', { amountMinor: 9_007_199_254_740_993n, currency: 'JPY' });
    const found = audit(books({ transfers: [huge, transfer('t2', 'pending', { amountMinor: 1n })] }));
    expect(found.moneyMissingMinor).toEqual({ JPY: '9007199254740993', EUR: '1' });
  });
});

describe('stuck', () => {
  it.each<[string, OneMore, RegExp]>([
    ['waits in the outbox', { outbox: [{ ...T3, state: 'waiting' }] }, /waits in the outbox/],
    ['is parked', { outbox: [{ ...T3, state: 'parked' }] }, /parked/],
    ['is among the dead letters', { outbox: [T3], letters: [LETTER] }, /dead letters of accounts/],
    ['is on the channel', { outbox: [T3], channel: [stored(3, T3)] }, /on the channel/],
    [
      'is on the channel and not acknowledged',
      { outbox: [T3], channel: [stored(3, T3)], undelivered: new Set([T3.id]) },
      /not acknowledged/,
    ],
  ])('is a pending transfer whose event %s', (_case, parts, why) => {
    const found = audit(withOneMore('t3', parts));
    expect(classesOf(found)).toEqual({ stuck: ['t3'] });
    expect(found.stuck[0]).toMatchObject({ amountMinor: 250n, because: expect.stringMatching(why) });
    expect(found).toMatchObject({ recorded: 3, posted: 1, rejected: 1, moneyMissingMinor: {} });
    expect(isConsistent(found)).toBe(false);
  });

  it('where the broker is not asked, is what the outbox calls published', () => {
    const { channels: _, ...unasked } = withOneMore('t3', { outbox: [T3] });
    expect(classesOf(audit(unasked))).toEqual({ stuck: ['t3'] });
  });

  const posted = { postings: [...NOTHING.postings, posting('t1')] };
  const rejected = { rejections: [rejection('t1')] };
  it.each<[string, Books['transfers'][number]['status'], Partial<Books>, RegExp]>([
    [
      'posted while it says pending',
      'pending',
      posted,
      /it was posted, and of that its event is not in the outbox/,
    ],
    [
      'posted while it says pending, and the outcome waits',
      'pending',
      {
        ...posted,
        outbox: { transactions: [], accounts: [outcome('transfer.posted', 't1', { state: 'waiting' })] },
      },
      /it was posted, and of that its event waits in the outbox of accounts/,
    ],
    ['rejected while it says pending', 'pending', rejected, /it was rejected, and of that/],
    ['posted and rejected', 'pending', { ...posted, ...rejected }, /posted and rejected/],
    ['posted and rejected, and says posted', 'posted', { ...posted, ...rejected }, /posted and rejected/],
    ['posted and rejected, and says rejected', 'rejected', { ...posted, ...rejected }, /posted and rejected/],
    ['rejected, and says posted', 'posted', rejected, /says posted, and was rejected/],
    ['posted, and says rejected', 'rejected', posted, /says rejected, and was posted/],
  ])('is a transfer that was %s', (_case, status, parts, why) => {
    const found = audit(books({ transfers: [transfer('t1', status)], ...parts }));
    expect(classesOf(found)).toEqual({ stuck: ['t1'] });
    expect(found.stuck[0]?.because).toMatch(why);
    expect(found).toMatchObject({ recorded: 1, posted: 0, rejected: 0, moneyMissingMinor: {} });
  });
});

describe('duplicated', () => {
  it.each<[string, Books['postings'], string]>([
    ['two postings', [posting('t1'), posting('t1', { id: 'again' })], '2 postings, 4 entries'],
    [
      'one posting of four entries',
      [posting('t1', { entries: [...moves(100n), ...moves(100n)] })],
      '1 postings, 4 entries',
    ],
  ])('is a transfer with %s, and in no other class', (_case, postings, because) => {
    const found = audit(books({ ...HEALTHY, accounts: [], postings }));
    expect(classesOf(found)).toEqual({ duplicated: ['t1'] });
    expect(found.duplicated[0]).toMatchObject({ amountMinor: 100n, currency: 'EUR', because });
    expect(found).toMatchObject({ recorded: 2, posted: 0, rejected: 1 });
    expect(isConsistent(found)).toBe(false);
  });
});

describe('phantom', () => {
  it('is a posting and a rejection of what was never recorded, with what they moved', () => {
    const found = audit({
      ...HEALTHY,
      postings: [...HEALTHY.postings, posting('p1', { entries: moves(70n) })],
      rejections: [...HEALTHY.rejections, rejection('p2', { amountMinor: 30n })],
    });
    expect(found.phantom).toEqual([
      { id: 'p1', amountMinor: 70n, currency: 'EUR', because: 'it was posted and never recorded' },
      { id: 'p2', amountMinor: 30n, currency: 'EUR', because: 'it was rejected and never recorded' },
    ]);
    expect(found.recorded).toBe(2);
    expect(isConsistent(found)).toBe(false);
  });
});

describe('reordered', () => {
  it('is a transfer that took effect after a later one of its key; the money is right all the same', () => {
    const found = audit({
      ...HEALTHY,
      rejections: HEALTHY.rejections.map((one) => ({ ...one, atMicros: 0n })),
    });
    expect(classesOf(found)).toEqual({ reordered: ['t1'] });
    expect(found.reordered[0]).toMatchObject({
      amountMinor: 100n,
      because: 'number 1 of its key took effect after 2',
    });
    expect(found).toMatchObject({ posted: 1, rejected: 1 });
    expect(isConsistent(found)).toBe(true);
  });

  it('is not one of another key', () => {
    const [first, second] = HEALTHY.outbox.transactions;
    if (first === undefined || second === undefined) throw new Error('there are two requests');
    const outbox = { ...HEALTHY.outbox, transactions: [first, { ...second, key: 'another' }] };
    const { channels: _, ...unasked } = HEALTHY;
    const rejections = HEALTHY.rejections.map((one) => ({ ...one, atMicros: 0n }));
    expect(classesOf(audit({ ...unasked, outbox, rejections }))).toEqual({});
  });
});

describe('in doubt, then converged', () => {
  const again = (events: readonly OutboxEvent[]) => events.map((event) => ({ ...event, attempts: 2 }));

  it('is a transfer whose client was not told, and that has ended well', () => {
    const found = audit(HEALTHY, new Map([['key of t1', { outcome: 'unknown' }]]));
    expect(classesOf(found)).toEqual({ convergedFromDoubt: ['t1'] });
    expect(found.convergedFromDoubt[0]).toMatchObject({
      amountMinor: 100n,
      because: 'its client was not told',
    });
    expect(isConsistent(found)).toBe(true);
  });

  it.each<[string, Books['outbox'], string]>([
    [
      'request',
      { ...HEALTHY.outbox, transactions: again(HEALTHY.outbox.transactions) },
      'its request was published more than once',
    ],
    [
      'outcome',
      { ...HEALTHY.outbox, accounts: again(HEALTHY.outbox.accounts) },
      'its outcome was published more than once',
    ],
  ])('is a transfer whose %s a relay had to publish again', (_case, outbox, because) => {
    const found = audit({ ...HEALTHY, outbox });
    expect(classesOf(found)).toEqual({ convergedFromDoubt: ['t1', 't2'] });
    expect(found.convergedFromDoubt.map((finding) => finding.because)).toEqual([because, because]);
  });

  it('is none that came in another order too: no transfer is in two classes', () => {
    const rejections = HEALTHY.rejections.map((one) => ({ ...one, atMicros: 0n }));
    const told = new Map([['key of t1', { outcome: 'unknown' as const }]]);
    expect(classesOf(audit({ ...HEALTHY, rejections }, told))).toEqual({ reordered: ['t1'] });
  });

  it('is none that is still open', () => {
    const told = new Map([['key of t3', { outcome: 'unknown' as const }]]);
    expect(classesOf(audit(withOneMore('t3'), told))).toEqual({ lost: ['t3'] });
  });
});

describe('the ledger itself', () => {
  it.each<[string, Books['postings'][number]]>([
    ['another amount', posting('t1', { entries: moves(99n) })],
    ['the wrong direction', posting('t1', { entries: moves(-100n) })],
    ['another currency', posting('t1', { currency: 'JPY' })],
  ])('names a posting that moves %s', (_case, wrong) => {
    const postings = [...NOTHING.postings, wrong];
    const found = audit({ ...books({ postings }), transfers: [transfer('t1', 'posted')] });
    expect(found.imbalances).toEqual(['the posting of transfer t1 moves something else']);
  });

  it('names a rejection of another amount', () => {
    const found = audit({ ...HEALTHY, rejections: [rejection('t2', { amountMinor: 1n })] });
    expect(found.imbalances).toEqual(['the rejection of transfer t2 is about another amount']);
  });

  it('names a posting whose entries do not sum to zero, and the currency that it unbalances', () => {
    const crooked = {
      ...posting('x'),
      transferId: null,
      id: 'crooked',
      entries: [{ accountId: 'ada', amountMinor: 7n }],
    };
    const found = audit(books({ postings: [crooked] }));
    expect(found.imbalances).toEqual([
      'the entries of posting crooked do not sum to zero',
      'the balances in EUR sum to 7 and not to zero',
    ]);
  });

  it('names an account whose balance is not the sum of its entries', () => {
    const accounts = HEALTHY.accounts.map((account) =>
      account.id === 'ben' ? { ...account, balanceMinor: account.balanceMinor + 1n } : account,
    );
    const found = audit({ ...HEALTHY, accounts });
    expect(found.imbalances[0]).toBe('the balance of account ben is not the sum of its entries');
    expect(isConsistent(found)).toBe(false);
  });
});

it('refuses books in which one transfer was read twice', () => {
  const twice = { ...HEALTHY, transfers: [...HEALTHY.transfers, transfer('t1', 'posted')] };
  expect(() => audit(twice)).toThrow(
    /2 transfers are recorded, but posted \+ rejected \+ lost \+ stuck \+ duplicated = 3/,
  );
});
