import { describe, expect, it } from '@jest/globals';
import { bigintColumn } from './bigint-column.js';

describe('a bigint column', () => {
  it('keeps every digit in both directions', () => {
    const largest = 2n ** 63n - 1n;
    expect(bigintColumn.to(largest)).toBe('9223372036854775807');
    expect(bigintColumn.from('9223372036854775807')).toBe(largest);
  });

  it('leaves null and undefined as they are', () => {
    expect([bigintColumn.from(null), bigintColumn.to(null), bigintColumn.to(undefined)]).toEqual([
      null,
      null,
      undefined,
    ]);
  });
});
