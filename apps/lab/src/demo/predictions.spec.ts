import { describe, expect, it } from '@jest/globals';
import type { Audit, TransferFinding } from '../audit/audit.js';
import type { Findings } from './findings.js';
import { brokenPredictions } from './predictions.js';

const from = new Date('2026-01-01T12:00:00Z');
const until = new Date('2026-01-01T12:00:03Z');
const lost: TransferFinding = {
  id: 'lost',
  debitAccountId: 'ada',
  creditAccountId: 'ben',
  amountMinor: 100n,
  currency: 'EUR',
  status: 'pending',
  requestedAt: new Date('2026-01-01T12:00:01Z'),
  because: 'its event is not in the outbox of transactions',
};
const clean: Audit = {
  recorded: 3,
  posted: 2,
  rejected: 1,
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
const common = {
  traffic: { waiting: 0, sent: 3, outcomesWaiting: 0, repeats: 0 },
  cut: { from, until },
  inFlight: new Set<string>(),
  exits: [{ code: 75, signal: null, at: from }],
  recoveryMs: null,
};
const outbox: Findings = {
  ...common,
  strategy: 'outbox',
  audit: clean,
  witnessed: new Set(['a', 'b', 'c']),
  waitingAtMend: 1,
};
const direct: Findings = {
  ...common,
  strategy: 'direct',
  audit: { ...clean, posted: 1, lost: [lost], moneyMissingMinor: { EUR: '100' } },
  witnessed: new Set(['a', 'b']),
  waitingAtMend: 0,
};
const withAudit = (findings: Findings, audit: Partial<Audit>): Findings => ({
  ...findings,
  audit: { ...findings.audit, ...audit },
});

describe('as predicted', () => {
  it('is an outbox run that is consistent, and a direct run that lost what was committed during the cut', () => {
    expect([...brokenPredictions(outbox), ...brokenPredictions(direct)]).toEqual([]);
  });

  it('is a lost transfer that was recorded before the cut if its request was in flight then', () => {
    const early = withAudit(direct, {
      lost: [{ ...lost, requestedAt: new Date('2026-01-01T11:59:59.999Z') }],
    });
    expect(brokenPredictions({ ...early, inFlight: new Set(['lost']) })).toEqual([]);
  });

  const before = new Date('2026-01-01T11:59:59.999Z');
  const after = new Date('2026-01-01T12:00:03.001Z');
  it.each<[string, Findings, RegExp]>([
    [
      'a direct run that lost nothing',
      { ...withAudit(direct, clean), witnessed: outbox.witnessed },
      /was lost/,
    ],
    [
      'a loss from before the cut',
      withAudit(direct, { lost: [{ ...lost, requestedAt: before }] }),
      /during the cut/,
    ],
    [
      'a loss from after the mend',
      withAudit(direct, { lost: [{ ...lost, requestedAt: after }] }),
      /during the cut/,
    ],
    ['a lost transfer that the broker holds', { ...direct, witnessed: new Set(['a', 'lost']) }, /never held/],
    [
      'a committed transfer that the broker misses',
      { ...direct, witnessed: new Set(['a']) },
      /that the broker holds/,
    ],
    [
      'a message on the broker about nothing recorded',
      { ...outbox, witnessed: new Set('abcd') },
      /that the broker holds/,
    ],
    ['an outbox run that lost one', withAudit(outbox, { lost: [lost] }), /consistent/],
    ['an outbox run in which nothing waited', { ...outbox, waitingAtMend: 0 }, /waited in the outbox/],
    ['rows that still wait', { ...outbox, traffic: { ...outbox.traffic, waiting: 1 } }, /no event waits/],
    ['a duplicate', withAudit(direct, { duplicated: [lost] }), /twice/],
    ['a phantom', withAudit(outbox, { phantom: [lost] }), /never recorded/],
    ['a stuck transfer', withAudit(direct, { stuck: [lost] }), /stuck/],
    ['a ledger off balance', withAudit(direct, { imbalances: ['off'] }), /balances/],
    ['no posted transfer', withAudit(outbox, { posted: 0 }), /money moved/],
    ['no rejected transfer', withAudit(outbox, { rejected: 0 }), /rejected/],
    ['a service that did not exit', { ...outbox, exits: [] }, /exited with code 75/],
    [
      'a service that crashed',
      { ...outbox, exits: [{ code: 1, signal: null, at: from }] },
      /exited with code 75/,
    ],
  ])('is not %s', (_case, findings, broken) => {
    expect(brokenPredictions(findings).join('\n')).toMatch(broken);
  });
});
