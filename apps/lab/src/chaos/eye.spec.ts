import { expect, it } from '@jest/globals';
import { readingOf } from './eye.js';

it('a reading counts what is not decided, what waits and what says pending, and sums what one side has alone', () => {
  const glance = {
    at: new Date(),
    sumsMinor: { EUR: '0' },
    offAccounts: [],
    ended: new Map([
      ['t1', 'posted' as const],
      ['t2', 'rejected' as const],
    ]),
    transfers: new Map([
      ['t1', 'posted' as const],
      ['t2', 'pending' as const],
      ['t3', 'pending' as const],
      ['t4', 'pending' as const],
    ]),
    pendingMinor: new Map([
      ['t2', 1n],
      ['t3', 20n],
      ['t4', 300n],
    ]),
    requests: new Map<string, 'waiting' | 'published'>(),
    outboxDepth: { transactions: 5, accounts: 2 },
  };
  expect(readingOf(glance, 250, ['a fault'])).toEqual({
    atMs: 250,
    recorded: 4,
    backlog: 2,
    outboxDepth: 7,
    pending: 3,
    moneyDifferenceMinor: '320',
    faults: ['a fault'],
  });
});
