import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ACCOUNTS, OPENING_BALANCE_MINOR, writeScript, type Order } from './script.js';

const total = OPENING_BALANCE_MINOR * BigInt(ACCOUNTS);
const overdraws = ({ amountMinor }: Order) => amountMinor > total;

describe('the script of the demo', () => {
  it('is the same for the same seed and another for another', () => {
    expect(writeScript(100, 7)).toEqual(writeScript(100, 7));
    expect(writeScript(100, 7).before.map((order) => order.amountMinor)).not.toEqual(
      writeScript(100, 8).before.map((order) => order.amountMinor),
    );
  });

  it('has as many orders as were asked for, in every phase some, each with a key of its own', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 2000 }), fc.nat(), (transfers, seed) => {
        const { before, atCut, whileCut, after } = writeScript(transfers, seed);
        const orders = [before, atCut, whileCut, after].flat();
        expect(new Set(orders.map(({ key }) => key)).size).toBe(transfers);
        expect(Math.min(before.length, atCut.length, whileCut.length, after.length)).toBeGreaterThanOrEqual(
          3,
        );
      }),
      { numRuns: 25 },
    );
  });

  it('moves positive amounts between two different accounts that exist', () => {
    const { before, atCut, whileCut, after } = writeScript(500, 3);
    for (const { debit, credit, amountMinor } of [before, atCut, whileCut, after].flat()) {
      expect(amountMinor).toBeGreaterThan(0n);
      expect(debit).not.toBe(credit);
      expect([debit, credit].every((account) => account >= 0 && account < ACCOUNTS)).toBe(true);
    }
  });

  it('overdraws now and then, and never while the cable is cut', () => {
    const { before, atCut, whileCut, after } = writeScript(200, 1);
    expect([before, after].map((orders) => orders.filter(overdraws).length)).toEqual([4, 3]);
    expect([...atCut, ...whileCut].filter(overdraws)).toEqual([]);
  });
});
