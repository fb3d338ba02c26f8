import { describe, expect, it } from '@jest/globals';
import { accountOpeningSchema } from './account.schema.js';

const OPENING = { owner: 'Ada', currency: 'EUR', openingBalanceMinor: '100000' };

const wrongFields = (change: object) =>
  accountOpeningSchema.safeParse({ ...OPENING, ...change }).error?.issues.map(({ path }) => path.join('.')) ??
  [];

describe('the opening of an account', () => {
  it('is taken as it is', () => {
    expect(accountOpeningSchema.parse(OPENING)).toEqual(OPENING);
  });

  it('has a balance of zero unless it says otherwise', () => {
    const { owner, currency } = OPENING;
    expect(accountOpeningSchema.parse({ owner, currency }).openingBalanceMinor).toBe('0');
    expect(wrongFields({ openingBalanceMinor: '0' })).toEqual([]);
  });

  it('trims the owner', () => {
    expect(accountOpeningSchema.parse({ ...OPENING, owner: '  Ada ' }).owner).toBe('Ada');
  });

  it('takes an owner in any script', () => {
    expect(wrongFields({ owner: 'Σωκράτης O’Neill-Ærø 王 👩🏽‍🚀' })).toEqual([]);
  });

  it.each([
    ['an empty owner', { owner: '' }, 'owner'],
    ['an owner of spaces', { owner: '   ' }, 'owner'],
    ['an owner of 201 characters', { owner: 'a'.repeat(201) }, 'owner'],
    ['a zero byte in the owner, which no text column can hold', { owner: 'A\u0000da' }, 'owner'],
    ['a line end in the owner', { owner: 'Ada\nBob' }, 'owner'],
    ['half a character in the owner', { owner: 'Ada \ud83d' }, 'owner'],
    ['an unknown currency', { currency: 'EURO' }, 'currency'],
    ['a negative balance', { openingBalanceMinor: '-1' }, 'openingBalanceMinor'],
    ['a fractional balance', { openingBalanceMinor: '0.5' }, 'openingBalanceMinor'],
    ['a balance as a JSON number', { openingBalanceMinor: 5 }, 'openingBalanceMinor'],
    ['a balance over the limit', { openingBalanceMinor: '1' + '0'.repeat(15) }, 'openingBalanceMinor'],
    ['a field that nobody knows', { kind: 'system' }, ''],
  ])('is refused with %s', (_, change, field) => {
    expect(wrongFields(change)).toEqual([field]);
  });
});
