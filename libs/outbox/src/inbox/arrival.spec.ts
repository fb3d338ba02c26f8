import { describe, expect, it } from '@jest/globals';
import { v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import { noteWritten } from '../../testing/notes.js';
import { findingsOf, isUuidV7, sequenceOf, timeOfId } from './arrival.js';

describe('the number of an event', () => {
  it.each([
    ['padded', '0000000000000000042', 42n],
    ['bare', '42', 42n],
    ['the largest', '9223372036854775807', 9_223_372_036_854_775_807n],
    ['too large', '9223372036854775808', undefined],
    ['no number', 'abc', undefined],
    ['negative', '-1', undefined],
  ])('%s', (_case, sequence, number) => {
    expect(sequenceOf({ ...noteWritten('a'), sequence })).toBe(number);
  });

  it('is none when the event has none', () => {
    expect(sequenceOf(noteWritten('a'))).toBeUndefined();
  });
});

describe('an id', () => {
  it('is a UUIDv7 or not', () => {
    const id = uuidv7();
    expect([id, id.toUpperCase(), uuidv4(), `${id}0`, '', 'a'].map(isUuidV7)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('tells when it was drawn', () => {
    const msecs = Date.parse('2026-11-22T23:59:59.999Z');
    expect(timeOfId(uuidv7({ msecs }))).toBe(msecs);
  });
});

describe('the order in which numbers come', () => {
  const progress = (firstSequence: bigint, lastSequence: bigint, missing: bigint, gapOpened = false) => ({
    firstSequence,
    lastSequence,
    missing,
    gapOpened,
  });

  it.each([
    ['the next one', 3n, progress(1n, 3n, 0n), []],
    ['one that passes another over', 4n, progress(1n, 4n, 1n, true), ['inbox.gap-opened']],
    ['the next one after a gap', 5n, progress(1n, 5n, 1n), []],
    ['one of two missing', 3n, progress(1n, 5n, 1n), ['inbox.out-of-order']],
    ['the last missing', 3n, progress(1n, 5n, 0n), ['inbox.out-of-order', 'inbox.gap-closed']],
    ['one before the first', 1n, progress(1n, 3n, 1n, true), ['inbox.out-of-order', 'inbox.gap-opened']],
    ['the one just before the first', 1n, progress(1n, 2n, 0n), ['inbox.out-of-order']],
  ])('%s', (_case, sequence, state, findings) => {
    expect(findingsOf(sequence, state)).toEqual(findings);
  });
});
