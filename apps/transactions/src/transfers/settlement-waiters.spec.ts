import { describe, expect, it } from '@jest/globals';
import { SettlementWaiters } from './settlement-waiters.js';

/** Never waited for: what is tested here comes at once. */
const LONG_MS = 60_000;

function setUp() {
  const waiters = new SettlementWaiters();
  const gone = new AbortController();
  return { waiters, gone, join: (id: string) => waiters.join(id, gone.signal)! };
}

describe('who waits for a transfer', () => {
  it('is woken when it is settled, with all that wait for it, and nobody else is', async () => {
    const { waiters, gone, join } = setUp();
    const [first, second, other] = [join('a'), join('a'), join('b')];
    const waiting = [first.next(LONG_MS), second.next(LONG_MS)];
    waiters.wake(['a']);
    expect(await Promise.all(waiting)).toEqual([true, true]);
    expect(await other.next(0)).toBe(false);
    gone.abort();
  });

  it('hears of what came before it began to wait, once', async () => {
    const { waiters, join } = setUp();
    const waiter = join('a');
    waiters.wake(['a']);
    waiters.wake(['a']);
    expect(await waiter.next(LONG_MS)).toBe(true);
    expect(await waiter.next(0)).toBe(false);
  });

  it('is told when the time has passed', async () => {
    expect(await setUp().join('a').next(5)).toBe(false);
  });

  it('ends when nobody waits for the answer any more, and leaves nothing behind', async () => {
    const { waiters, gone, join } = setUp();
    const waiting = join('a').next(LONG_MS);
    expect(waiters.size).toBe(1);
    gone.abort();
    expect(await waiting).toBe(false);
    expect(waiters.size).toBe(0);
    expect(waiters.join('a', gone.signal)).toBeUndefined();
  });

  it('is woken at the shutdown, and then nobody begins to wait', async () => {
    const { waiters, join } = setUp();
    const waiting = join('a').next(LONG_MS);
    waiters.onModuleDestroy();
    expect(await waiting).toBe(true);
    expect(join('a')).toBeUndefined();
  });

  it('is one of five thousand at most', () => {
    const waiters = new SettlementWaiters();
    const join = (id: string) => {
      const gone = new AbortController();
      return { waiter: waiters.join(id, gone.signal), gone };
    };
    const first = join('first');
    for (let n = 1; n < 5_000; n++) join(String(n));
    expect(join('one more').waiter).toBeUndefined();
    first.gone.abort();
    expect(join('one more').waiter).toBeDefined();
  });
});
