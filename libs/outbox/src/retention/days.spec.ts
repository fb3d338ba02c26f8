import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { DAY_MS, dayOf, daysAhead, dayText, firstIdOf, missingDays, parseDay, startOf } from './days.js';

const MIDNIGHT = Date.parse('2026-11-22T00:00:00Z');
const day = dayOf(MIDNIGHT);

describe('a day', () => {
  it('begins with its first millisecond in UTC', () => {
    expect([MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + DAY_MS - 1].map((ms) => dayOf(ms) - day)).toEqual([-1, 0, 0]);
    expect(startOf(day)).toBe('2026-11-22T00:00:00.000Z');
  });

  it('is read as it was written', () => {
    expect([dayText(day), parseDay('20261122')]).toEqual(['20261122', day]);
  });
});

describe('the first id of a day', () => {
  it('is above every id of the day before, and below every one of its own', () => {
    const lastBefore = uuidv7({ msecs: MIDNIGHT - 1, random: new Uint8Array(16).fill(255), seq: 0xffffffff });
    const first = uuidv7({ msecs: MIDNIGHT, random: new Uint8Array(16), seq: 0 });
    expect(firstIdOf(day) > lastBefore).toBe(true);
    expect(firstIdOf(day) < first).toBe(true);
  });
});

describe('the days that want a partition', () => {
  const span = { today: 100, back: 2, ahead: 1 };

  it('are the whole span when there is none', () => {
    expect(missingDays(new Set(), span)).toEqual([98, 99, 100, 101]);
  });

  it('are those that are missing, holes too', () => {
    expect(missingDays(new Set([97, 99]), span)).toEqual([98, 100, 101]);
  });

  it('are none before the oldest that exists', () => {
    expect(missingDays(new Set([100]), span)).toEqual([101]);
  });

  it('are the span of today after a long sleep', () => {
    expect(missingDays(new Set([10, 11]), span)).toEqual([98, 99, 100, 101]);
  });
});

describe('the days ahead', () => {
  it.each([
    ['up to the first hole', [99, 100, 101, 102, 104], 2],
    ['none when today is the last', [99, 100], 0],
    ['less than none without today', [99, 101], -1],
  ])('count %s', (_case, existing, count) => {
    expect(daysAhead(new Set(existing), 100)).toBe(count);
  });
});
