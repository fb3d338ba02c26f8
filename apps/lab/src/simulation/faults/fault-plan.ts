import type { SimulatedProcess } from '../world/simulated-process.js';
import type { Fate, Point, Strikes } from '../world/strikes.js';
import type { Blow, Fault } from './fault.js';

/** What the blows are struck with: everything but what becomes of a message. */
export type Hammer = (blow: Exclude<Blow, { kind: 'message' }>, upon: string) => void;

/** Lets the faults of a plan strike at their points, each once. Those with a time are the schedule's. */
export class FaultPlan implements Strikes {
  /** The faults that have struck. */
  readonly struck = new Set<Fault>();
  private readonly counts = new Map<string, number>();
  private readonly waiting: Fault[];
  private over = false;

  constructor(
    faults: readonly Fault[],
    private readonly hammer: Hammer,
    /** Is told of every point that is passed. */
    private readonly passed: (name: string) => void = () => undefined,
  ) {
    this.waiting = faults.filter(({ when }) => 'point' in when);
  }

  /** From now on nothing strikes. */
  end(): void {
    this.over = true;
  }

  strike(point: Point, by: SimulatedProcess | undefined): Fate | undefined {
    if (this.over || !by || by.dead) return undefined;
    const name = `${by.name} ${point}`;
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    this.passed(name);
    let fate: Fate | undefined;
    for (const fault of this.waiting) {
      const { when, blow, upon } = fault;
      if (!('point' in when) || when.occurrence !== count || `${when.by} ${when.point}` !== name) continue;
      this.struck.add(fault);
      if (blow.kind === 'message') fate = blow.fate;
      else this.hammer(blow, upon);
    }
    return fate;
  }
}
