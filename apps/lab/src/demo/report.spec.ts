import { describe, expect, it } from '@jest/globals';
import type { Audit } from '../audit/audit.js';
import type { Findings } from './findings.js';
import { reportOf } from './report.js';

const audit: Audit = {
  recorded: 2,
  posted: 1,
  rejected: 0,
  lost: [
    {
      id: 't1',
      debitAccountId: 'ada',
      creditAccountId: 'ben',
      amountMinor: 1250n,
      currency: 'EUR',
      status: 'pending',
      requestedAt: new Date('2026-01-01T12:00:01Z'),
      because: 'its event is not in the outbox of transactions',
    },
  ],
  stuck: [],
  duplicated: [],
  phantom: [],
  reordered: [],
  convergedFromDoubt: [],
  moneyMissingMinor: { EUR: '1250' },
  imbalances: [],
  disagreements: [],
};
const findings: Findings = {
  strategy: 'direct',
  audit,
  traffic: { waiting: 0, sent: 0, outcomesWaiting: 0, repeats: 0 },
  cut: { from: new Date('2026-01-01T12:00:00Z'), until: new Date('2026-01-01T12:00:02Z') },
  inFlight: new Set(),
  witnessed: new Set(['t2']),
  waitingAtMend: 0,
  exits: [{ code: 75, signal: null, at: new Date() }],
  recoveryMs: null,
};

describe('the report', () => {
  it('is plain data: counts, the missing money as text, the lost by id, and what was not as predicted', () => {
    expect(JSON.parse(JSON.stringify(reportOf([findings])))).toEqual({
      asPredicted: false,
      notAsPredicted: ['direct: not as predicted that at least one transfer was rejected'],
      strategies: [
        {
          strategy: 'direct',
          recorded: 2,
          posted: 1,
          rejected: 0,
          lost: 1,
          duplicated: 0,
          phantom: 0,
          stuck: 0,
          currency: 'EUR',
          moneyMissingMinor: '1250',
          recoveryMs: null,
          verdict: 'inconsistent',
          lostTransfers: [{ id: 't1', amountMinor: '1250' }],
        },
      ],
    });
  });
});
