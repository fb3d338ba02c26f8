import { describe, expect, it } from '@jest/globals';
import { entityTagOf, matchesStrongly, matchesWeakly } from './entity-tag.js';

const TAG = entityTagOf({ version: 7n });

describe('the ETag of an account', () => {
  it('is its version in quotes', () => {
    expect(TAG).toBe('"7"');
  });

  it.each([
    ['"7"', true, true],
    ['*', true, true],
    ['"6", "7"', true, true],
    ['"6","7"', true, true],
    ['W/"7"', false, true],
    ['"6"', false, false],
    ['7', false, false],
    ['"77"', false, false],
    ['', false, false],
  ])('If-Match: %s matches: %p; If-None-Match: %p', (header, strongly, weakly) => {
    expect([matchesStrongly(header, TAG), matchesWeakly(header, TAG)]).toEqual([strongly, weakly]);
  });
});
