import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { LedgerModel } from '../../testing/ledger-model.js';
import { LedgerCast, ledgerSteps, type Step } from '../../testing/ledger-steps.js';

const LIMITS = { transferMinor: 80n, dailyMinor: 150n };
const RUNS = { numRuns: 300 };
const STEPS_MAX = 60;

/** Does the steps; tells of each how it ended, and how the books are then. */
function* play(steps: readonly Step[]) {
  const model = new LedgerModel(LIMITS, '2026-01-31');
  const cast = new LedgerCast();
  for (const step of steps) {
    if (step.does === 'open') {
      const id = uuidv7();
      cast.accountIds.push(id);
      model.open({ id, owner: step.owner, currency: step.currency }, step.amountMinor);
    } else if ('account' in step) {
      model.change(step.does, cast.accountId(step.account));
    }
    const request = cast.requestOf(step);
    const before = request && model.outcomes.get(request.transferId);
    const debitBefore = request && { ...model.accounts.get(request.debitAccountId) };
    yield { model, request, before, debitBefore, outcome: request && model.settle(request) };
  }
}

describe('any sequence of transfers, reversals, freezes, closings and repeated requests', () => {
  it('keeps the books: sums of zero, nobody below it, the closed ones empty', () => {
    fc.assert(
      fc.property(ledgerSteps(STEPS_MAX), (steps) => {
        for (const { model } of play(steps)) expect(model.faults()).toEqual([]);
      }),
      RUNS,
    );
  });

  it('ends each transfer once: a repeated request is answered as before, whatever has happened since', () => {
    fc.assert(
      fc.property(ledgerSteps(STEPS_MAX), (steps) => {
        for (const { before, outcome } of play(steps)) if (before) expect(outcome).toBe(before);
      }),
      RUNS,
    );
  });

  it('takes nothing from a frozen account but what is reversed, and no more than a day allows', () => {
    fc.assert(
      fc.property(ledgerSteps(STEPS_MAX), (steps) => {
        for (const { model, request, before, debitBefore, outcome } of play(steps)) {
          for (const { spending } of model.accounts.values()) {
            expect(spending?.minor ?? 0n).toBeLessThanOrEqual(LIMITS.dailyMinor);
          }
          if (before || outcome !== 'posted' || request?.kind === 'reversal') continue;
          expect(debitBefore?.status).toBe('active');
        }
      }),
      RUNS,
    );
  });

  it('comes to every end there is', () => {
    const seen = new Set(
      fc
        .sample(ledgerSteps(STEPS_MAX), { seed: 7, numRuns: 100 })
        .flatMap((steps) => [...play(steps)].map(({ outcome }) => outcome)),
    );
    expect([...seen].filter((outcome) => outcome !== undefined).sort()).toEqual([
      'account_closed',
      'account_frozen',
      'account_not_found',
      'currency_mismatch',
      'insufficient_funds',
      'limit_exceeded',
      'posted',
      'same_account',
    ]);
  });
});
