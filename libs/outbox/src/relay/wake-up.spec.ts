import { describe, expect, it, jest } from '@jest/globals';
import { WakeUp } from './wake-up.js';

const LONG_MS = 60_000;

describe('WakeUp', () => {
  it('ends a wait that is under way', async () => {
    const wakeUp = new WakeUp();
    const waiting = wakeUp.wait(LONG_MS);
    wakeUp.signal();
    await expect(waiting).resolves.toBeUndefined();
  });

  it('ends the next wait at once when nobody was waiting', async () => {
    const wakeUp = new WakeUp();
    wakeUp.signal();
    await expect(wakeUp.wait(LONG_MS)).resolves.toBeUndefined();
  });

  it('is heard once: signals that came together end one wait', async () => {
    jest.useFakeTimers();
    try {
      const wakeUp = new WakeUp();
      wakeUp.signal();
      wakeUp.signal();
      await wakeUp.wait(LONG_MS);
      const ended = jest.fn();
      const second = wakeUp.wait(LONG_MS).then(ended);
      await jest.advanceTimersByTimeAsync(LONG_MS - 1);
      expect(ended).not.toHaveBeenCalled();
      await jest.advanceTimersByTimeAsync(1);
      await second;
      expect(ended).toHaveBeenCalledTimes(1);
    } finally {
      jest.useRealTimers();
    }
  });

  it('leaves no timer behind', async () => {
    jest.useFakeTimers();
    try {
      const wakeUp = new WakeUp();
      const waiting = wakeUp.wait(LONG_MS);
      wakeUp.signal();
      await waiting;
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });
});
