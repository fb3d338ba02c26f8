import { describe, expect, it } from '@jest/globals';
import type { StrategyReport } from './report.js';
import { renderTable } from './table.js';

const counts = {
  recorded: 200,
  posted: 186,
  rejected: 7,
  duplicated: 0,
  phantom: 0,
  stuck: 0,
  currency: 'EUR',
};
const direct: StrategyReport = {
  ...counts,
  strategy: 'direct',
  lost: 7,
  moneyMissingMinor: '123456',
  recoveryMs: null,
  verdict: 'inconsistent',
  lostTransfers: [],
};
const outbox: StrategyReport = {
  ...direct,
  strategy: 'outbox',
  posted: 193,
  lost: 0,
  moneyMissingMinor: '0',
  recoveryMs: 1234,
  verdict: 'consistent',
};

describe('the table', () => {
  it('has one row per strategy, words to the left and numbers to the right', () => {
    expect(renderTable([direct, outbox]).split('\n')).toEqual([
      'strategy  recorded  posted  rejected  lost  duplicated  phantom  stuck  money missing  recovery  verdict',
      '--------  --------  ------  --------  ----  ----------  -------  -----  -------------  --------  ------------',
      'direct         200     186         7     7           0        0      0   EUR 1 234.56     never  inconsistent',
      'outbox         200     193         7     0           0        0      0       EUR 0.00     1.2 s  consistent',
    ]);
  });
});
