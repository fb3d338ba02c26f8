import { describe, expect, it } from '@jest/globals';
import {
  AMOUNT_MINOR_MAX,
  amountMinor,
  CURRENCIES,
  currency,
  exponentOf,
  isSystemAccountId,
  systemAccountId,
} from './values.js';

describe('the exponent of a currency', () => {
  it.each([
    ['EUR', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['MRU', 2],
    ['CLF', 4],
  ])('%s has %d digits', (code, digits) => {
    expect(exponentOf(code)).toBe(digits);
  });

  it('is asked of codes of ISO 4217 alone', () => {
    expect(() => exponentOf('XYZ')).toThrow('XYZ is not an ISO 4217 currency code');
  });
});

describe('a currency code', () => {
  it.each(CURRENCIES)('may be %s', (code) => {
    expect(currency.safeParse(code).success).toBe(true);
  });
});

describe('the largest amount', () => {
  it('is one that may be ordered, and one more is not', () => {
    expect(amountMinor.safeParse(AMOUNT_MINOR_MAX.toString()).success).toBe(true);
    expect(amountMinor.safeParse((AMOUNT_MINOR_MAX + 1n).toString()).success).toBe(false);
  });

  it('is exact as a number too', () => {
    expect(BigInt(Number(AMOUNT_MINOR_MAX))).toBe(AMOUNT_MINOR_MAX);
  });
});

describe('a system account', () => {
  it('has an id of its own for each currency', () => {
    expect(new Set(CURRENCIES.map(systemAccountId)).size).toBe(CURRENCIES.length);
  });

  it('has the same id for ever: the databases hold it', () => {
    expect(systemAccountId('EUR')).toBe('404ad879-b8b3-59bd-a711-fd45e4b9d422');
  });

  it('is told from a customer account by its id', () => {
    expect(isSystemAccountId(systemAccountId('EUR'))).toBe(true);
    expect(isSystemAccountId('019a0000-0000-7000-8000-00000000000a')).toBe(false);
  });

  it('is none of a currency that there is not', () => {
    expect(() => systemAccountId('XYZ')).toThrow('XYZ is not an ISO 4217 currency code');
  });
});
