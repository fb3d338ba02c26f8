import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CircuitBreaker } from './circuit-breaker.js';

const FIRST_MS = 100;
const LONGEST_MS = 400;

let breaker: CircuitBreaker;

beforeEach(() => {
  jest.useFakeTimers();
  // The jitter's upper end, so that the pauses are the caps themselves.
  jest.spyOn(Math, 'random').mockReturnValue(1);
  breaker = new CircuitBreaker(FIRST_MS, LONGEST_MS);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('a circuit breaker', () => {
  it('is closed at first: no pause, no probe', () => {
    expect([breaker.pauseMs, breaker.probing]).toEqual([0, false]);
  });

  it('pauses once it is open, and probes when the pause is over', () => {
    breaker.open();
    expect([breaker.pauseMs, breaker.probing]).toEqual([FIRST_MS, true]);
    jest.advanceTimersByTime(FIRST_MS - 1);
    expect(breaker.pauseMs).toBe(1);
    jest.advanceTimersByTime(1);
    expect([breaker.pauseMs, breaker.probing]).toEqual([0, true]);
  });

  it('pauses twice as long with each probe that fails, up to the longest', () => {
    const pauses = Array.from({ length: 5 }, () => {
      breaker.open();
      return breaker.pauseMs;
    });
    expect(pauses).toEqual([100, 200, 400, 400, 400]);
  });

  it('after an answer it is as new', () => {
    breaker.open();
    breaker.open();
    breaker.close();
    expect([breaker.pauseMs, breaker.probing]).toEqual([0, false]);
    breaker.open();
    expect(breaker.pauseMs).toBe(FIRST_MS);
  });

  it('tells the first failure and the first answer from those that follow', () => {
    expect([breaker.close(), breaker.open(), breaker.open(), breaker.close(), breaker.close()]).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it('with the connection back it probes at once, and still only probes', () => {
    breaker.open();
    breaker.retryNow();
    expect([breaker.pauseMs, breaker.probing]).toEqual([0, true]);
  });
});
