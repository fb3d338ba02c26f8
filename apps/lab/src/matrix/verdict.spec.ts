import { describe, expect, it } from '@jest/globals';
import type { Audit, TransferFinding } from '../audit/audit.js';
import { isGreen, verdictOn } from './verdict.js';

const HEALTHY: Audit = {
  recorded: 2,
  posted: 2,
  rejected: 0,
  lost: [],
  stuck: [],
  duplicated: [],
  phantom: [],
  reordered: [],
  convergedFromDoubt: [],
  moneyMissingMinor: {},
  imbalances: [],
  disagreements: [],
};
const one = [{} as TransferFinding];

describe('the verdict on a cell', () => {
  it('is green where both sides agree, and says whether the client knew', () => {
    expect(verdictOn(HEALTHY, false)).toBe('consistent');
    expect(verdictOn(HEALTHY, true)).toBe('converged');
    expect([verdictOn(HEALTHY, false), verdictOn(HEALTHY, true)].every(isGreen)).toBe(true);
  });

  it('names every kind of damage, and then not the doubt', () => {
    expect(verdictOn({ ...HEALTHY, stuck: one, lost: one }, true)).toBe('lost+stuck');
    for (const damage of ['lost', 'phantom', 'duplicated', 'reordered', 'stuck'] as const) {
      const verdict = verdictOn({ ...HEALTHY, [damage]: one }, false);
      expect([verdict, isGreen(verdict)]).toEqual([damage, false]);
    }
  });
});
