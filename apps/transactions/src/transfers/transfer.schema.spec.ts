import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CURRENCIES, systemAccountId } from '@app/contracts';
import { DEBIT, ORDER, PENDING } from '../../testing/transfers.fixture.js';
import { cashOrderSchema, transferOrderSchema, transferViewSchema, viewOf } from './transfer.schema.js';

const wrongFields = (change: object) =>
  transferOrderSchema.safeParse({ ...ORDER, ...change }).error?.issues.map(({ path }) => path.join('.')) ??
  [];

describe('the order of a transfer', () => {
  it('is taken as it is', () => {
    expect(transferOrderSchema.parse(ORDER)).toEqual(ORDER);
  });

  it('has its ids in lower case, as the database writes them', () => {
    const order = { ...ORDER, debitAccountId: DEBIT.toUpperCase() };
    expect(transferOrderSchema.parse(order)).toEqual(ORDER);
  });

  it.each([
    ['a negative amount', { amountMinor: '-1' }, 'amountMinor'],
    ['a fractional amount', { amountMinor: '12.50' }, 'amountMinor'],
    ['an amount of zero', { amountMinor: '0' }, 'amountMinor'],
    ['an amount with a leading zero', { amountMinor: '01' }, 'amountMinor'],
    ['an amount with an exponent', { amountMinor: '1e3' }, 'amountMinor'],
    ['an amount as a JSON number', { amountMinor: 1250 }, 'amountMinor'],
    ['an amount over the limit', { amountMinor: '1' + '0'.repeat(15) }, 'amountMinor'],
    ['an amount in other digits', { amountMinor: '١٢' }, 'amountMinor'],
    ['an amount with a line end', { amountMinor: '1\n' }, 'amountMinor'],
    ['no amount', { amountMinor: undefined }, 'amountMinor'],
    ['the same account on both sides', { creditAccountId: DEBIT }, 'creditAccountId'],
    ['the same account in capitals', { creditAccountId: DEBIT.toUpperCase() }, 'creditAccountId'],
    ['an account id that is no UUID', { debitAccountId: '17' }, 'debitAccountId'],
    ['an unknown currency', { currency: 'XXZ' }, 'currency'],
    ['a currency in small letters', { currency: 'eur' }, 'currency'],
    ['a field that nobody knows', { note: 'hello' }, ''],
  ])('is refused with %s', (_, change, field) => {
    expect(wrongFields(change)).toEqual([field]);
  });

  it('may be over the largest amount by no unit', () => {
    expect(wrongFields({ amountMinor: '9'.repeat(15) })).toEqual([]);
  });

  it('names every wrong field at once', () => {
    expect(wrongFields({ amountMinor: '-1', currency: '', debitAccountId: 'x' }).toSorted()).toEqual([
      'amountMinor',
      'currency',
      'debitAccountId',
    ]);
  });

  it('takes every whole amount from 1 to 15 digits, and no other text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n - 1n }), (amount) => {
        expect(wrongFields({ amountMinor: amount.toString() })).toEqual([]);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^[1-9][0-9]{0,14}$/.test(text));
        expect(wrongFields({ amountMinor: text })).toEqual(['amountMinor']);
      }),
    );
  });
});

describe('the order of a deposit or a withdrawal', () => {
  it('is for the account of a customer: the bank has nothing to pay itself', () => {
    const order = { accountId: DEBIT, amountMinor: '7000', currency: 'EUR' };
    expect(cashOrderSchema.parse(order)).toEqual(order);
    for (const currency of CURRENCIES) {
      const toItself = { ...order, accountId: systemAccountId(currency).toUpperCase() };
      expect(cashOrderSchema.safeParse(toItself).error?.issues).toMatchObject([{ path: ['accountId'] }]);
    }
  });
});

describe('the view of a transfer', () => {
  const transfer = { ...PENDING, amountMinor: 9_007_199_254_740_993n };

  it('shows amounts as text, with every digit, and leaves out what is not known yet', () => {
    const view = viewOf(transfer);
    expect(view.amountMinor).toBe('9007199254740993');
    expect(view).not.toHaveProperty('rejectionReason');
    expect(view).not.toHaveProperty('settledAt');
    expect(view).not.toHaveProperty('reversalOf');
  });

  it('shows how a rejected transfer ended', () => {
    const settledAt = new Date('2026-01-02T03:04:06Z');
    expect(
      viewOf({ ...transfer, status: 'rejected', rejectionReason: 'insufficient_funds', settledAt }),
    ).toMatchObject({
      status: 'rejected',
      rejectionReason: 'insufficient_funds',
      settledAt: '2026-01-02T03:04:06.000Z',
    });
  });

  it('is as its schema says', () => {
    const reversal = { ...PENDING, kind: 'reversal' as const, reversalOf: DEBIT };
    for (const shown of [viewOf(PENDING), viewOf(reversal)]) {
      expect(transferViewSchema.parse(shown)).toEqual(shown);
    }
  });
});
