import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TimerWheel, type WheelEntry } from './timer-wheel.js';

describe('the timer wheel', () => {
  let wheel: TimerWheel;
  let fired: [string, number][];

  beforeEach(() => {
    jest.useFakeTimers();
    wheel = new TimerWheel();
    fired = [];
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  const entry = (name: string): WheelEntry => ({
    dueTick: undefined,
    fire: () => fired.push([name, performance.now()]),
  });

  it('fires each entry at its time, in order, and not before', () => {
    const start = performance.now();
    wheel.schedule(entry('late'), start + 500);
    wheel.schedule(entry('early'), start + 100);
    jest.advanceTimersByTime(95);
    expect(fired).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(fired.map(([name]) => name)).toEqual(['early', 'late']);
    for (const [index, due] of [100, 500].entries()) {
      expect((fired[index]?.[1] ?? 0) - start).toBeGreaterThanOrEqual(due);
      expect((fired[index]?.[1] ?? 0) - start).toBeLessThan(due + 15);
    }
  });

  it('holds one time for an entry: a later call moves it, and it can be cancelled', () => {
    const [moved, cancelled] = [entry('moved'), entry('cancelled')];
    wheel.schedule(moved, performance.now() + 50);
    wheel.schedule(moved, performance.now() + 200);
    wheel.schedule(cancelled, performance.now() + 50);
    wheel.cancel(cancelled);
    jest.advanceTimersByTime(150);
    expect(fired).toEqual([]);
    jest.advanceTimersByTime(100);
    expect(fired.map(([name]) => name)).toEqual(['moved']);
  });

  it('uses one timer for a thousand entries, and none when it is stopped', () => {
    for (let index = 0; index < 1_000; index++) wheel.schedule(entry('x'), performance.now() + index);
    expect(jest.getTimerCount()).toBe(1);
    wheel.stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.advanceTimersByTime(2_000);
    expect(fired).toEqual([]);
  });
});
