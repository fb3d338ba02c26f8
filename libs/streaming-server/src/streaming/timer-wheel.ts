import { TIMER_TICK_MS } from '../limits.js';

/** Something to do later. `dueTick` belongs to the wheel. */
export interface WheelEntry {
  dueTick: number | undefined;
  fire(): void;
}

/**
 * One timer for everything that waits: each entry sits in the slot of its tick, and only the earliest slot has a
 * timer of Node's. Moving an entry is two operations on sets, so thousands of them cost nothing while they wait.
 */
export class TimerWheel {
  private readonly slots = new Map<number, Set<WheelEntry>>();
  private timer: NodeJS.Timeout | undefined;
  private timerTick = Infinity;
  private stopped = false;

  /** `atMs` is on the clock of `performance.now()`. An entry has one time: scheduling again moves it. */
  schedule(entry: WheelEntry, atMs: number): void {
    this.cancel(entry);
    if (this.stopped) return;
    const tick = Math.ceil(atMs / TIMER_TICK_MS);
    entry.dueTick = tick;
    const slot = this.slots.get(tick);
    if (slot === undefined) this.slots.set(tick, new Set([entry]));
    else slot.add(entry);
    if (tick < this.timerTick) this.arm(tick);
  }

  cancel(entry: WheelEntry): void {
    if (entry.dueTick === undefined) return;
    const slot = this.slots.get(entry.dueTick);
    slot?.delete(entry);
    if (slot?.size === 0) this.slots.delete(entry.dueTick);
    entry.dueTick = undefined;
  }

  /** Nothing fires any more, also nothing that is scheduled later. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.slots.clear();
    this.timerTick = Infinity;
  }

  private arm(tick: number): void {
    clearTimeout(this.timer);
    this.timerTick = tick;
    const delayMs = Math.max(0, tick * TIMER_TICK_MS - performance.now());
    this.timer = setTimeout(() => this.turn(), delayMs);
  }

  private turn(): void {
    this.timerTick = Infinity;
    const now = Math.floor(performance.now() / TIMER_TICK_MS);
    const due = [...this.slots.keys()].filter((tick) => tick <= now).sort((a, b) => a - b);
    for (const tick of due) {
      for (const entry of this.slots.get(tick) ?? []) {
        this.cancel(entry);
        entry.fire();
      }
    }
    const next = Math.min(...this.slots.keys());
    if (next < this.timerTick) this.arm(next);
  }
}
