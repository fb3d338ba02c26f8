import { describe, expect, it } from '@jest/globals';
import { HEALTHY, transfer } from '../../testing/books.fixture.js';
import { audit, type Audit } from '../audit/audit.js';
import type { Fault } from './fault.js';
import type { FaultRecord, Reading } from './history.js';
import { firedByKind, nameOf, verdictOn, verdictOnTwin, type Remains } from './verdict.js';

const FAULT: Fault = { number: 1, atMs: 2_000, durationMs: 600, action: 'kill', target: 'accounts-a' };
const FIRED: FaultRecord = { fault: FAULT, struckAtMs: 2_001, overAtMs: 2_602 };
const READING: Reading = {
  atMs: 500,
  recorded: 2,
  backlog: 0,
  outboxDepth: 0,
  pending: 0,
  moneyDifferenceMinor: '0',
  faults: [],
};
const GOOD: Remains = {
  faults: [FIRED],
  readings: [READING],
  audit: audit(HEALTHY),
  outOfOrder: [],
  surprises: [],
  recoveryMs: 1_200,
};
const LOST = { ...transfer('t9', 'pending'), because: 'nothing is left of it' };
const withAudit = (change: Partial<Audit>): Remains => ({ ...GOOD, audit: { ...GOOD.audit, ...change } });

describe('the verdict on a run', () => {
  it('finds nothing where every promise was kept and every fault has fired', () => {
    expect(verdictOn(GOOD)).toEqual([]);
  });

  it.each<[string, Remains, RegExp]>([
    ['money that is lost', withAudit({ lost: [LOST] }), /^1 lost: t9 of 100 EUR: nothing is left of it$/],
    ['a transfer that is stuck', withAudit({ stuck: [LOST] }), /^1 stuck: t9/],
    ['a transfer that was posted twice', withAudit({ duplicated: [LOST] }), /^1 duplicated: t9/],
    ['money that nobody has ordered', withAudit({ phantom: [LOST] }), /^1 phantom: t9/],
    [
      'an accepted order that is not recorded',
      withAudit({ disagreements: ['order k was …'] }),
      /^1 disagreements: order k/,
    ],
    [
      'a balance that is off',
      withAudit({ imbalances: ['the balance …'] }),
      /^1 faults of the ledger: the balance/,
    ],
    [
      'a sum that was off for a moment',
      { ...GOOD, readings: [{ ...READING, faults: ['the balances in EUR sum to 5'] }] },
      /^1 faults at readings: at 500 ms the balances in EUR sum to 5$/,
    ],
    [
      'events in another order',
      { ...GOOD, outOfOrder: ['number 2 before 1'] },
      /^1 events out of order: number 2/,
    ],
    ['an answer that must not be', { ...GOOD, surprises: ['422'] }, /^1 answers that must not be: 422$/],
    [
      'something that does not settle',
      { ...GOOD, recoveryMs: null },
      /^not everything has settled within 60000 ms/,
    ],
    ['a run that nobody has looked at', { ...GOOD, readings: [] }, /^nobody has looked/],
    ['a run in which nothing happened', withAudit({ posted: 0 }), /^no money has moved$/],
    [
      'a fault that did not fire',
      { ...GOOD, faults: [{ fault: FAULT, error: 'nobody there' }] },
      /^fault 1 did not fire: kill accounts-a: nobody there$/,
    ],
    [
      'a fault that did not end',
      { ...GOOD, faults: [{ fault: FAULT, struckAtMs: 1, error: 'still down' }] },
      /^fault 1 did not end: kill accounts-a: still down$/,
    ],
  ])('finds %s', (_case, remains, sentence) => {
    const [found, ...more] = verdictOn(remains);
    expect(found).toMatch(sentence);
    expect(more).toEqual([]);
  });

  it('shows three cases of many', () => {
    const lost = Array.from({ length: 5 }, (_, index) => ({ ...LOST, id: `t${index}` }));
    expect(verdictOn(withAudit({ lost }))[0]).toMatch(/^5 lost: t0 .+; t1 .+; t2 .+; and 2 more$/);
  });
});

describe('the verdict on the naive twin', () => {
  it('is content with a twin that has lost something, and with nothing else', () => {
    expect(verdictOnTwin(withAudit({ lost: [LOST], disagreements: ['…'] }))).toEqual([]);
    expect(verdictOnTwin(withAudit({ stuck: [LOST] }))).toEqual([]);
    expect(verdictOnTwin(GOOD)).toEqual(['the naive twin has lost nothing: it shows nothing']);
    expect(verdictOnTwin({ ...withAudit({ lost: [LOST] }), faults: [{ fault: FAULT }] })).toHaveLength(1);
  });
});

it('counts what has fired by kind, and names faults as people do', () => {
  const roll: Fault = { number: 2, atMs: 0, durationMs: 0, action: 'roll', target: 'accounts' };
  const cable: Fault = { number: 3, atMs: 0, durationMs: 0, action: 'freeze', target: 'accounts-b–postgres' };
  expect(firedByKind([FIRED, FIRED, { fault: roll }, { fault: cable, struckAtMs: 1 }])).toEqual(
    new Map([
      ['kill accounts', 2],
      ['roll accounts', 0],
      ['freeze service–postgres', 1],
    ]),
  );
  expect([FAULT, roll, cable].map(nameOf)).toEqual([
    'kill accounts-a',
    'restart accounts, one after the other',
    'freeze accounts-b–postgres',
  ]);
});
