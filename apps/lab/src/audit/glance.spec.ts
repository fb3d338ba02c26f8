import { describe, expect, it } from '@jest/globals';
import { glanceFaults, whereaboutsOf, type Glance } from './glance.js';

/** Two have ended, of which one is on its way back; one is asked for, and one is about to be. */
const HEALTHY: Glance = {
  at: new Date('2026-01-01T00:00:00Z'),
  sumsMinor: { EUR: '0', JPY: '0' },
  offAccounts: [],
  ended: new Map([
    ['posted', 'posted'],
    ['back', 'rejected'],
  ]),
  transfers: new Map([
    ['posted', 'posted'],
    ['back', 'pending'],
    ['sent', 'pending'],
    ['stored', 'pending'],
    ['later', 'rejected'],
  ]),
  pendingMinor: new Map([['sent', 100n]]),
  requests: new Map([
    ['sent', 'published'],
    ['stored', 'waiting'],
  ]),
  outboxDepth: { transactions: 1, accounts: 1 },
};

describe('a glance at a system that works', () => {
  it('finds nothing in health, and each pending transfer in one place', () => {
    expect(glanceFaults(HEALTHY)).toEqual([]);
    expect(whereaboutsOf(HEALTHY)).toEqual({
      inOutbox: ['stored'],
      onChannel: ['sent'],
      onWayBack: ['back'],
      nowhere: [],
    });
  });

  it.each<[string, Partial<Glance>, string]>([
    [
      'money that came from nowhere',
      { sumsMinor: { EUR: '5' } },
      'the balances in EUR sum to 5 and not to zero',
    ],
    [
      'a balance that is off',
      { offAccounts: ['ada'] },
      'the balance of account ada is not the sum of its entries',
    ],
    [
      'a posting without its transfer',
      { ended: new Map([['phantom', 'posted']]) },
      'transfer phantom has ended and was never recorded',
    ],
    [
      'sides that contradict each other',
      { ended: new Map([['posted', 'rejected']]) },
      'transfer posted was rejected, and says posted',
    ],
    [
      'a status that is none',
      { transfers: new Map([...HEALTHY.transfers, ['odd', 'done' as 'posted']]) },
      'transfer odd is done: neither posted nor rejected nor pending',
    ],
    [
      'a pending transfer that is nowhere',
      { requests: new Map([['sent', 'published']]) },
      'transfer stored is pending, and neither in the outbox nor on the channel nor on its way back',
    ],
  ])('finds %s', (_case, change, sentence) => {
    expect(glanceFaults({ ...HEALTHY, ...change })).toContain(sentence);
  });

  it('does not believe an outbox that says published where the broker was asked', () => {
    expect(glanceFaults(HEALTHY, new Set(['sent']))).toEqual([]);
    expect(glanceFaults(HEALTHY, new Set())).toEqual([
      'transfer sent is pending, and neither in the outbox nor on the channel nor on its way back',
    ]);
  });
});
