import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** How many requests may wait at once in one process, streams included: each holds a socket and some memory. */
const WAITERS_MAX = 5_000;

/** One request that waits for a transfer. */
export interface Waiter {
  /**
   * Waits for a reason to look at the transfer: it may be settled, word of it may have been missed, or the process is
   * stopping. A reason that came since the last call is not lost.
   *
   * @returns false if the time passed first, or nobody waits any more
   */
  next(withinMs: number): Promise<boolean>;
}

/**
 * The requests of this process that wait for transfers to be settled. Nobody polls: whoever waits is woken, and looks.
 * Join before the first look, or what happens in between is missed.
 */
@Injectable()
export class SettlementWaiters implements OnModuleDestroy {
  private readonly waiting = new Map<string, Set<Wake>>();
  private joined = 0;
  private closed = false;

  /** True once the process is stopping: what is not settled by now is not waited for. */
  get stopping(): boolean {
    return this.closed;
  }

  /** How many requests wait. */
  get size(): number {
    return this.joined;
  }

  /**
   * @param signal aborts when nobody waits for the answer any more; only then the place is free again
   * @returns undefined if no more can wait, the process is stopping, or the signal has aborted
   */
  join(transferId: string, signal: AbortSignal): Waiter | undefined {
    if (this.closed || signal.aborted || this.joined >= WAITERS_MAX) return undefined;
    const wake = new Wake(signal);
    const others = this.waiting.get(transferId) ?? new Set();
    this.waiting.set(transferId, others.add(wake));
    this.joined++;
    signal.addEventListener('abort', () => {
      this.joined--;
      others.delete(wake);
      if (others.size === 0) this.waiting.delete(transferId);
      wake.ring();
    });
    return wake;
  }

  /** Wakes whoever waits for these transfers. */
  wake(transferIds: Iterable<string>): void {
    for (const id of transferIds) for (const wake of this.waiting.get(id) ?? []) wake.ring();
  }

  wakeAll(): void {
    this.wake(this.waiting.keys());
  }

  /** At the start of the shutdown: the requests in flight are to end, and the server waits for them. */
  onModuleDestroy(): void {
    this.closed = true;
    this.wakeAll();
  }
}

/** A bell that keeps one ring for who is not there. */
class Wake implements Waiter {
  private rung = false;
  private heard: (() => void) | undefined;

  constructor(private readonly signal: AbortSignal) {}

  ring(): void {
    this.rung = true;
    this.heard?.();
  }

  async next(withinMs: number): Promise<boolean> {
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.heard = undefined;
    }
    const { rung } = this;
    this.rung = false;
    return rung && !this.signal.aborted;
  }
}
