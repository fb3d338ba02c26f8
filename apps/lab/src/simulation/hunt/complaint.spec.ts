import { describe, expect, it } from '@jest/globals';
import { complaintOnHunt } from './complaint.js';
import type { Hunted } from './hunt.js';

const WHY = 'what it breaks is not played';
const failure = {} as NonNullable<Hunted['failure']>;
const ran: Hunted['marks'] = { ran: ['a#1'], silent: [] };

describe('a hunt for what breaks without a safeguard', () => {
  it('is as it should be when something is found, or nothing where nothing can be', () => {
    expect(complaintOnHunt({ failure, schedules: 3, marks: ran }, undefined)).toBeUndefined();
    expect(complaintOnHunt({ failure: undefined, schedules: 9, marks: ran }, WHY)).toBeUndefined();
  });

  it('has failed when nothing is found, or something where nothing can be', () => {
    const nothing = { failure: undefined, schedules: 9, marks: ran };
    expect(complaintOnHunt(nothing, undefined)).toBe('not found in 9 schedules');
    expect(complaintOnHunt({ failure, schedules: 3, marks: ran }, WHY)).toBe(
      `found, though no schedule can show it: ${WHY}`,
    );
  });

  it('says nothing of a safeguard whose changed line never ran', () => {
    const marks = { ran: [], silent: ['a#1'] };
    expect(complaintOnHunt({ failure, schedules: 3, marks }, undefined)).toBe('never ran: a#1');
    expect(complaintOnHunt({ failure: undefined, schedules: 3, marks }, WHY)).toBe('never ran: a#1');
  });
});
