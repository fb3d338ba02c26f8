import { describe, expect, it } from '@jest/globals';
import type { Finding, FindingKind } from './checks/finding.js';
import { complaintOn } from './complaint.js';

describe('the judgement on a check', () => {
  const lost: Finding = { kind: 'lost', text: 'it is gone' };
  const stuck: Finding = { kind: 'stuck', text: 'it does not move' };

  it.each<[string, Finding[], FindingKind[], string[], string | undefined]>([
    ['green with every safeguard', [], [], [], undefined],
    ['red with every safeguard', [lost], [], [], 'red with every safeguard: lost'],
    ['red as expected', [stuck, lost, lost], ['lost', 'stuck'], [], undefined],
    ['a mutant that survives', [], ['lost'], [], 'survived: nothing was found'],
    ['red in another way', [stuck], ['lost'], [], 'found stuck in the place of lost'],
    ['red in one way too many', [stuck, lost], ['lost'], [], 'found lost, stuck in the place of lost'],
    ['a changed line that never ran, red as it may be', [lost], ['lost'], ['m#2'], 'never ran: m#2'],
  ])('%s', (_case, findings, finds, silentMarks, complaint) => {
    expect(complaintOn({ findings, silentMarks }, finds)).toBe(complaint);
  });
});
