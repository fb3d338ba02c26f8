import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { transferOrderSchema, viewOf } from './transfer.schema.js';
import type { Transfer } from './transfer.entity.js';

const DEBIT = '0198c9a0-0000-7000-8000-00000000000a';
const CREDIT = '0198c9a0-0000-7000-8000-00000000000b';
const ORDER = { debitAccountId: DEBIT, creditAccountId: CREDIT, amountMinor: '1250', currency: 'EUR' };

const wrongFields = (change: object) =>
  transferOrderSchema.safeParse({ ...ORDER, ...change }).error?.issues.map(({ path }) => path.join('.')) ??
  [];

describe('the order of a transfer', () => {
  it('is taken as it is', () => {
    expect(transferOrderSchema.parse(ORDER)).toEqual(ORDER);
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

describe('the view of a transfer', () => {
  const transfer: Transfer = {
    id: '0198c9a0-0000-7000-8000-000000000001',
    ...ORDER,
    amountMinor: 9_007_199_254_740_993n,
    status: 'pending',
    rejectionReason: null,
    requestedAt: new Date('2026-01-02T03:04:05.678Z'),
    settledAt: null,
  };

  it('shows amounts as text, with every digit, and leaves out what is not known yet', () => {
    const view = viewOf(transfer);
    expect(view.amountMinor).toBe('9007199254740993');
    expect(view).not.toHaveProperty('rejectionReason');
    expect(view).not.toHaveProperty('settledAt');
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
});
