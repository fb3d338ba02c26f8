import { describe, expect, it } from '@jest/globals';
import { REJECTION_REASONS, TRANSFER_KINDS, AUTHORITIES } from '@app/contracts';
import fc from 'fast-check';
import {
  BALANCE_MINOR_MAX,
  decideTransfer,
  type AccountState,
  type RequestedTransfer,
  type TransferLimits,
} from './decide-transfer.js';

const TODAY = '2026-01-31';
const TRANSFER: RequestedTransfer = {
  transferId: '0198c9a0-0000-7000-8000-000000000001',
  kind: 'transfer',
  debitAccountId: '0198c9a0-0000-7000-8000-00000000000a',
  creditAccountId: '0198c9a0-0000-7000-8000-00000000000b',
  amountMinor: 1_250n,
  currency: 'EUR',
  authority: 'bank',
};
const NO_LIMITS: TransferLimits = { transferMinor: BALANCE_MINOR_MAX, dailyMinor: undefined };
const euros = (balanceMinor: bigint, change: Partial<AccountState> = {}): AccountState => ({
  owner: 'ada',
  kind: 'customer',
  status: 'active',
  currency: 'EUR',
  balanceMinor,
  spending: undefined,
  ...change,
});
const RICH = euros(10_000n);
const POOR = euros(0n, { owner: 'bob' });
const SYSTEM = euros(-10_000n, { owner: 'bank', kind: 'system' });

interface Case {
  readonly debit?: AccountState | undefined;
  readonly credit?: AccountState | undefined;
  readonly limits?: TransferLimits;
  readonly today?: string;
}
const decide = (transfer: Partial<RequestedTransfer>, terms: Case = {}) =>
  decideTransfer(
    { ...TRANSFER, ...transfer },
    { debit: RICH, credit: POOR, limits: NO_LIMITS, today: TODAY, ...terms },
  );
const reasonOf = (transfer: Partial<RequestedTransfer>, terms?: Case) => {
  const decision = decide(transfer, terms);
  return decision.outcome === 'post' ? 'posted' : decision.reason;
};

describe('what becomes of a transfer', () => {
  it('is posted when both accounts are there, of its currency, and the debit account has enough', () => {
    expect(reasonOf({})).toBe('posted');
  });

  it('is posted when it takes the last unit, and rejected when it takes one more', () => {
    expect(reasonOf({}, { debit: euros(1_250n) })).toBe('posted');
    expect(reasonOf({}, { debit: euros(1_249n) })).toBe('insufficient_funds');
  });

  it('is rejected as same_account with the same account on both sides, whether it exists or not', () => {
    const creditAccountId = TRANSFER.debitAccountId;
    expect(reasonOf({ creditAccountId }, { credit: RICH })).toBe('same_account');
    expect(reasonOf({ creditAccountId }, { debit: undefined, credit: undefined })).toBe('same_account');
  });

  it.each([
    ['the debit account is not there', { debit: undefined }],
    ['the credit account is not there', { credit: undefined }],
    ['neither is there', { debit: undefined, credit: undefined }],
    ['the debit account is the bank’s own', { debit: SYSTEM }],
    ['the credit account is the bank’s own', { credit: SYSTEM }],
  ])('is rejected as account_not_found when %s', (_, terms) => {
    expect(reasonOf({}, terms)).toBe('account_not_found');
  });

  it.each([
    ['debit', { debit: { ...RICH, currency: 'USD' } }],
    ['credit', { credit: { ...POOR, currency: 'USD' } }],
    ['debit and the credit', { debit: { ...RICH, currency: 'USD' }, credit: { ...POOR, currency: 'USD' } }],
  ])('is rejected as currency_mismatch when the %s account is of another currency', (_, terms) => {
    expect(reasonOf({}, terms)).toBe('currency_mismatch');
  });

  it('does not tell about a balance in another currency', () => {
    expect(reasonOf({}, { debit: euros(0n, { currency: 'USD' }) })).toBe('currency_mismatch');
  });
});

describe('whose money it is', () => {
  it('an owner moves their own, to whomever', () => {
    expect(reasonOf({ authority: 'owner', requestedBy: 'ada' })).toBe('posted');
  });

  it.each([['bob'], [undefined]])('another’s account is as one that does not exist, to %p', (requestedBy) => {
    expect(reasonOf({ authority: 'owner', requestedBy })).toBe('account_not_found');
    expect(reasonOf({ authority: 'owner', requestedBy }, { debit: euros(0n, { status: 'closed' }) })).toBe(
      'account_not_found',
    );
  });

  it('nobody owns the bank’s own accounts, whatever they are called', () => {
    const asked = { kind: 'deposit', authority: 'owner', requestedBy: 'bank' } as const;
    expect(reasonOf(asked, { debit: SYSTEM })).toBe('account_not_found');
    expect(reasonOf({ ...asked, authority: 'bank' }, { debit: SYSTEM })).toBe('posted');
  });
});

describe('the kinds', () => {
  it.each([
    ['deposit', SYSTEM, POOR, 'posted'],
    ['deposit', RICH, POOR, 'account_not_found'],
    ['deposit', RICH, SYSTEM, 'account_not_found'],
    ['withdrawal', RICH, SYSTEM, 'posted'],
    ['withdrawal', RICH, POOR, 'account_not_found'],
    ['withdrawal', SYSTEM, POOR, 'account_not_found'],
    ['reversal', RICH, POOR, 'posted'],
    ['reversal', RICH, SYSTEM, 'posted'],
    ['reversal', SYSTEM, POOR, 'posted'],
    ['reversal', SYSTEM, SYSTEM, 'account_not_found'],
  ] as const)('a %s takes only its own sides (case %#)', (kind, debit, credit, expected) => {
    expect(reasonOf({ kind }, { debit, credit })).toBe(expected);
  });

  it('only the bank’s own account goes below zero', () => {
    expect(reasonOf({ kind: 'reversal' }, { debit: POOR, credit: SYSTEM })).toBe('insufficient_funds');
    expect(reasonOf({ kind: 'withdrawal' }, { debit: POOR, credit: SYSTEM })).toBe('insufficient_funds');
  });
});

describe('a frozen account', () => {
  const frozen = euros(10_000n, { status: 'frozen' });

  it('lets nothing out, and takes what comes in', () => {
    expect(reasonOf({}, { debit: frozen })).toBe('account_frozen');
    expect(reasonOf({ kind: 'withdrawal' }, { debit: frozen, credit: SYSTEM })).toBe('account_frozen');
    expect(reasonOf({}, { credit: frozen })).toBe('posted');
    expect(reasonOf({ kind: 'deposit' }, { debit: SYSTEM, credit: frozen })).toBe('posted');
  });

  it('lets the bank reverse what came in', () => {
    expect(reasonOf({ kind: 'reversal' }, { debit: frozen })).toBe('posted');
    const owner = { authority: 'owner', requestedBy: 'ada' } as const;
    expect(reasonOf({ kind: 'reversal', ...owner }, { debit: frozen })).toBe('account_frozen');
  });
});

describe('a closed account', () => {
  it('neither gives nor takes, whatever the kind', () => {
    const closed = euros(0n, { status: 'closed' });
    expect(reasonOf({}, { debit: closed })).toBe('account_closed');
    expect(reasonOf({}, { credit: closed })).toBe('account_closed');
    expect(reasonOf({ kind: 'reversal' }, { debit: closed })).toBe('account_closed');
    expect(reasonOf({ kind: 'deposit' }, { debit: SYSTEM, credit: closed })).toBe('account_closed');
  });
});

describe('the limits', () => {
  const limits = { transferMinor: 2_000n, dailyMinor: 3_000n };
  const spent = (on: string, minor: bigint) => euros(10_000n, { spending: { on, minor } });

  it('of one transfer: the last unit is allowed', () => {
    expect(reasonOf({ amountMinor: 2_000n }, { limits })).toBe('posted');
    expect(reasonOf({ amountMinor: 2_001n }, { limits })).toBe('limit_exceeded');
  });

  it('of a day: what was spent on it counts, and what was spent the day before does not', () => {
    const amountMinor = 1_000n;
    expect(reasonOf({ amountMinor }, { limits, debit: spent(TODAY, 2_000n) })).toBe('posted');
    expect(reasonOf({ amountMinor }, { limits, debit: spent(TODAY, 2_001n) })).toBe('limit_exceeded');
    expect(reasonOf({ amountMinor }, { limits, debit: spent('2026-01-30', 3_000n) })).toBe('posted');
  });

  it('a transaction that comes with yesterday’s date counts for the day that has begun', () => {
    const debit = spent('2026-02-01', 2_500n);
    expect(reasonOf({ amountMinor: 501n }, { limits, debit })).toBe('limit_exceeded');
    expect(decide({ amountMinor: 500n }, { limits, debit })).toMatchObject({
      spending: { on: '2026-02-01', minor: 3_000n },
    });
  });

  it.each([
    ['transfer', RICH, POOR, { on: TODAY, minor: 1_250n }],
    ['withdrawal', RICH, SYSTEM, { on: TODAY, minor: 1_250n }],
    ['deposit', SYSTEM, POOR, undefined],
    ['reversal', RICH, POOR, undefined],
  ] as const)('what a %s takes is counted so (case %#)', (kind, debit, credit, spending) => {
    expect(decide({ kind }, { debit, credit })).toEqual({ outcome: 'post', spending });
  });

  it.each(['deposit', 'reversal'] as const)('do not bind a %s', (kind) => {
    const debit = kind === 'deposit' ? SYSTEM : RICH;
    expect(reasonOf({ kind, amountMinor: 5_000n }, { limits, debit })).toBe('posted');
  });

  it('come before the balance: whoever has too little learns of the limit first', () => {
    expect(reasonOf({ amountMinor: 2_001n }, { limits, debit: euros(0n) })).toBe('limit_exceeded');
  });

  it('keep a balance within what the database holds, from either side', () => {
    const full = euros(BALANCE_MINOR_MAX);
    expect(reasonOf({ amountMinor: 1n }, { credit: full })).toBe('limit_exceeded');
    const drained = { ...SYSTEM, balanceMinor: -BALANCE_MINOR_MAX };
    expect(reasonOf({ kind: 'deposit', amountMinor: 1n }, { debit: drained })).toBe('limit_exceeded');
  });

  it('count no further than their column holds', () => {
    const debit = spent(TODAY, BALANCE_MINOR_MAX);
    expect(decide({}, { debit })).toEqual({
      outcome: 'post',
      spending: { on: TODAY, minor: BALANCE_MINOR_MAX },
    });
    const dailyMinor = BALANCE_MINOR_MAX;
    expect(reasonOf({}, { debit, limits: { ...NO_LIMITS, dailyMinor } })).toBe('limit_exceeded');
  });
});

describe('whatever the accounts and the transfer', () => {
  // Weighted, so that a fair part of them is posted.
  const account = fc.option(
    fc.record<AccountState>({
      owner: fc.constantFrom('ada', 'ada', 'bob'),
      kind: fc.constantFrom('customer', 'customer', 'customer', 'system'),
      status: fc.constantFrom('active', 'active', 'active', 'frozen', 'closed'),
      currency: fc.constantFrom('EUR', 'EUR', 'EUR', 'EUR', 'USD'),
      balanceMinor: fc.oneof(
        fc.bigInt({ min: 0n, max: 100n }),
        fc.bigInt({ min: BALANCE_MINOR_MAX - 50n, max: BALANCE_MINOR_MAX }),
        fc.bigInt({ min: -BALANCE_MINOR_MAX, max: -BALANCE_MINOR_MAX + 50n }),
      ),
      spending: fc.option(
        fc.record({ on: fc.constantFrom(TODAY, '2026-01-30'), minor: fc.bigInt({ min: 0n, max: 120n }) }),
        { nil: undefined },
      ),
    }),
    { nil: undefined, freq: 10 },
  );
  const transfer = fc.record({
    kind: fc.constantFrom('transfer', ...TRANSFER_KINDS),
    amountMinor: fc.bigInt({ min: 1n, max: 100n }),
    authority: fc.constantFrom(...AUTHORITIES),
    requestedBy: fc.constantFrom('ada', 'bob', undefined),
  });
  const limits = fc.record({
    transferMinor: fc.bigInt({ min: 50n, max: 100n }),
    dailyMinor: fc.option(fc.bigInt({ min: 50n, max: 200n }), { nil: undefined }),
  });
  const given = fc.tuple(transfer, fc.record({ debit: account, credit: account, limits }));
  const RUNS = { numRuns: 500 };

  it('what is posted leaves no customer below zero, no account beyond its range, none closed or spending frozen', () => {
    fc.assert(
      fc.property(given, ([asked, terms]) => {
        fc.pre(reasonOf(asked, terms) === 'posted');
        const { debit, credit } = terms as { debit: AccountState; credit: AccountState };
        const [debited, credited] = [
          debit.balanceMinor - asked.amountMinor,
          credit.balanceMinor + asked.amountMinor,
        ];
        if (debit.kind === 'customer') expect(debited).toBeGreaterThanOrEqual(0n);
        expect(debited).toBeGreaterThanOrEqual(-BALANCE_MINOR_MAX);
        expect(credited).toBeLessThanOrEqual(BALANCE_MINOR_MAX);
        expect([debit.currency, credit.currency]).toEqual(['EUR', 'EUR']);
        expect([debit.status, credit.status]).not.toContain('closed');
        if (asked.kind !== 'reversal') expect(debit.status).toBe('active');
        if (asked.authority === 'owner') expect(debit.owner).toBe(asked.requestedBy);
      }),
      RUNS,
    );
  });

  it('what is posted stays within both limits', () => {
    fc.assert(
      fc.property(given, ([asked, terms]) => {
        const decision = decide(asked, terms);
        fc.pre(decision.outcome === 'post' && decision.spending !== undefined);
        const { spending } = decision as { spending: { minor: bigint } };
        expect(asked.amountMinor).toBeLessThanOrEqual(terms.limits.transferMinor);
        expect(spending.minor).toBeGreaterThanOrEqual(asked.amountMinor);
        expect(spending.minor).toBeLessThanOrEqual(terms.limits.dailyMinor ?? BALANCE_MINOR_MAX);
      }),
      RUNS,
    );
  });

  it('what is not posted is rejected for one of the known reasons', () => {
    fc.assert(
      fc.property(given, ([asked, terms]) => {
        expect(['posted', ...REJECTION_REASONS]).toContain(reasonOf(asked, terms));
      }),
      RUNS,
    );
  });

  it('a larger amount is never posted where a smaller one is rejected', () => {
    fc.assert(
      fc.property(given, ([asked, terms]) => {
        fc.pre(reasonOf({ ...asked, amountMinor: asked.amountMinor + 1n }, terms) === 'posted');
        expect(reasonOf(asked, terms)).toBe('posted');
      }),
      RUNS,
    );
  });

  it('the answer to an owner does not depend on an account that is another’s', () => {
    fc.assert(
      fc.property(given, ([asked, terms]) => {
        fc.pre(terms.debit?.owner !== asked.requestedBy);
        expect(reasonOf({ ...asked, authority: 'owner' }, terms)).toBe('account_not_found');
      }),
      RUNS,
    );
  });
});
