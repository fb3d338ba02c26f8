import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { backoffMs } from './backoff.js';

afterEach(() => {
  jest.restoreAllMocks();
});

/** The pauses after 0, 1, 2, … failures, with the dice at one value. */
function pauses(random: number): number[] {
  jest.spyOn(Math, 'random').mockReturnValue(random);
  return [0, 1, 2, 3, 4, 5, 10_000].map((failures) => backoffMs(failures, 100, 1_000));
}

describe('the pause before the next attempt', () => {
  it('doubles up to the longest, and stays there', () => {
    expect(pauses(1)).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
  });

  it('is never under half of that', () => {
    expect(pauses(0)).toEqual([50, 100, 200, 400, 500, 500, 500]);
  });
});
