import { describe, expect, it } from '@jest/globals';
import { REJECTION_REASONS } from '@app/contracts';
import fc from 'fast-check';
import { decideTransfer, type AccountState, type RequestedTransfer } from './decide-transfer.js';

const TRANSFER: RequestedTransfer = {
  transferId: '0198c9a0-0000-7000-8000-000000000001',
  debitAccountId: '0198c9a0-0000-7000-8000-00000000000a',
  creditAccountId: '0198c9a0-0000-7000-8000-00000000000b',
  amountMinor: 1_250n,
  currency: 'EUR',
};
const euros = (balanceMinor: bigint): AccountState => ({ kind: 'customer', currency: 'EUR', balanceMinor });
const RICH = euros(10_000n);
const POOR = euros(0n);

const rejected = (reason: string) => ({ outcome: 'reject', reason });

describe('what becomes of a transfer', () => {
  it('is posted when both accounts are there, of its currency, and the debit account has enough', () => {
    expect(decideTransfer(TRANSFER, RICH, POOR)).toEqual({ outcome: 'post' });
  });

  it('is posted when it takes the last unit, and rejected when it takes one more', () => {
    expect(decideTransfer(TRANSFER, euros(1_250n), POOR)).toEqual({ outcome: 'post' });
    expect(decideTransfer(TRANSFER, euros(1_249n), POOR)).toEqual(rejected('insufficient_funds'));
  });

  it.each([
    ['the debit account is not there', undefined, POOR],
    ['the credit account is not there', RICH, undefined],
    ['neither is there', undefined, undefined],
    ['the debit account is the bank’s own', { ...RICH, kind: 'system' } as const, POOR],
    ['the credit account is the bank’s own', RICH, { ...POOR, kind: 'system' } as const],
  ])('is rejected as account_not_found when %s', (_, debit, credit) => {
    expect(decideTransfer(TRANSFER, debit, credit)).toEqual(rejected('account_not_found'));
  });

  it.each([
    ['debit', { ...RICH, currency: 'USD' }, POOR],
    ['credit', RICH, { ...POOR, currency: 'USD' }],
  ])('is rejected as currency_mismatch when the %s account is of another currency', (_, debit, credit) => {
    expect(decideTransfer(TRANSFER, debit, credit)).toEqual(rejected('currency_mismatch'));
  });

  it('is rejected as currency_mismatch when both accounts agree, and not with the transfer', () => {
    const [debit, credit] = [RICH, POOR].map((account) => ({ ...account, currency: 'USD' }));
    expect(decideTransfer(TRANSFER, debit, credit)).toEqual(rejected('currency_mismatch'));
  });

  it('does not tell about a balance in another currency', () => {
    const debit = { ...POOR, currency: 'USD' };
    expect(decideTransfer(TRANSFER, debit, POOR)).toEqual(rejected('currency_mismatch'));
  });
});

describe('whatever the accounts and the amount', () => {
  // Weighted, so that a fair part of them is posted.
  const account = fc.option(
    fc.record<AccountState>({
      kind: fc.constantFrom('customer', 'customer', 'customer', 'system'),
      currency: fc.constantFrom('EUR', 'EUR', 'EUR', 'USD'),
      balanceMinor: fc.bigInt({ min: -100n, max: 100n }),
    }),
    { nil: undefined, freq: 10 },
  );
  const amountMinor = fc.bigInt({ min: 1n, max: 100n });

  it('what is posted leaves no customer below zero and changes no currency', () => {
    fc.assert(
      fc.property(account, account, amountMinor, (debit, credit, amount) => {
        const decision = decideTransfer({ ...TRANSFER, amountMinor: amount }, debit, credit);
        fc.pre(decision.outcome === 'post');
        expect(debit!.balanceMinor - amount).toBeGreaterThanOrEqual(0n);
        expect([debit!.kind, credit!.kind]).toEqual(['customer', 'customer']);
        expect([debit!.currency, credit!.currency]).toEqual(['EUR', 'EUR']);
      }),
    );
  });

  it('what is not posted is rejected for one of the known reasons', () => {
    fc.assert(
      fc.property(account, account, amountMinor, (debit, credit, amount) => {
        const decision = decideTransfer({ ...TRANSFER, amountMinor: amount }, debit, credit);
        if (decision.outcome === 'reject') expect(REJECTION_REASONS).toContain(decision.reason);
      }),
    );
  });

  it('a larger amount is never posted where a smaller one is rejected', () => {
    fc.assert(
      fc.property(account, account, amountMinor, (debit, credit, amount) => {
        const decide = (minor: bigint) => decideTransfer({ ...TRANSFER, amountMinor: minor }, debit, credit);
        fc.pre(decide(amount + 1n).outcome === 'post');
        expect(decide(amount)).toEqual({ outcome: 'post' });
      }),
    );
  });
});
