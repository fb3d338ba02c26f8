import { describe, expect, it } from '@jest/globals';
import { formatMoney } from './money.js';

describe('minor units for people', () => {
  it.each([
    [0n, 'EUR', 'EUR 0.00'],
    [5n, 'EUR', 'EUR 0.05'],
    [-5n, 'EUR', 'EUR -0.05'],
    [123n, 'EUR', 'EUR 1.23'],
    [100_000_000n, 'EUR', 'EUR 1 000 000.00'],
    [7_000n, 'JPY', 'JPY 7 000'],
    [1_234_567n, 'KWD', 'KWD 1 234.567'],
  ])('%s of %s is %s', (amountMinor, currency, text) => {
    expect(formatMoney(amountMinor, currency)).toBe(text);
  });
});
