import { describe, expect, it } from '@jest/globals';
import { complaintOn } from './complaint.js';
import type { Hunted } from './hunt.js';

const failure = {} as NonNullable<Hunted['failure']>;
const ran: Hunted['marks'] = { ran: ['a#1'], silent: [] };

describe('a hunt for what breaks without a safeguard', () => {
  it('is as it should be when something is found', () => {
    expect(complaintOn({ failure, schedules: 3, marks: ran })).toBeUndefined();
  });

  it('has failed when nothing is found', () => {
    expect(complaintOn({ failure: undefined, schedules: 9, marks: ran })).toBe('not found in 9 schedules');
  });

  it('says nothing of a safeguard whose changed line never ran', () => {
    const marks = { ran: [], silent: ['a#1'] };
    expect(complaintOn({ failure, schedules: 3, marks })).toBe('never ran: a#1');
  });
});
