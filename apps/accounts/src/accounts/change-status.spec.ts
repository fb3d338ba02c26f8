import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ACCOUNT_STATUSES } from './account.js';
import { changeStatus, type StatusChange } from './change-status.js';

const CHANGES = ['freeze', 'unfreeze', 'close'] as const;
const change = (what: StatusChange, status: (typeof ACCOUNT_STATUSES)[number], balanceMinor = 0n) => {
  const decision = changeStatus(what, { status, balanceMinor });
  if (decision.outcome === 'unchanged') return status;
  return decision.outcome === 'changed' ? `now ${decision.status}` : decision.problem;
};

describe('the status of an account', () => {
  it.each([
    ['freeze', 'active', 'now frozen'],
    ['freeze', 'frozen', 'frozen'],
    ['freeze', 'closed', 'account-closed'],
    ['unfreeze', 'active', 'active'],
    ['unfreeze', 'frozen', 'now active'],
    ['unfreeze', 'closed', 'account-closed'],
    ['close', 'active', 'now closed'],
    ['close', 'frozen', 'account-frozen'],
    ['close', 'closed', 'closed'],
  ] as const)('%s: from %s it is %s', (what, status, expected) => {
    expect(change(what, status)).toBe(expected);
  });

  it('is closed only at zero, and frozen and unfrozen at any balance', () => {
    expect(change('close', 'active', 1n)).toBe('account-not-empty');
    expect(change('freeze', 'active', 1n)).toBe('now frozen');
    expect(change('unfreeze', 'frozen', 1n)).toBe('now active');
  });

  it('after any changes is closed for ever once it is closed, and never closed with money on it', () => {
    const changes = fc.array(fc.constantFrom(...CHANGES), { maxLength: 10 });
    fc.assert(
      fc.property(changes, fc.bigInt({ min: 0n, max: 1n }), (taken, balanceMinor) => {
        let status: (typeof ACCOUNT_STATUSES)[number] = 'active';
        for (const what of taken) {
          const decision = changeStatus(what, { status, balanceMinor });
          if (decision.outcome !== 'changed') continue;
          expect(status).not.toBe('closed');
          ({ status } = decision);
        }
        if (balanceMinor > 0n) expect(status).not.toBe('closed');
      }),
    );
  });
});
