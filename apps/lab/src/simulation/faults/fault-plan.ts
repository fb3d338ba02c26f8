import type { SimulatedProcess } from '../world/simulated-process.js';
import type { Fate, Point, Strikes } from '../world/strikes.js';
import type { Blow, Fault } from './fault.js';

/** What the blows are struck with: everything but what becomes of a message. */
export type Hammer = (blow: Exclude<Blow, { kind: 'message' }>, upon: string) => void;

/** Lets the faults of a plan strike at their points, each once. Those with a time are the schedule's. */
export class FaultPlan implements Strikes {
  /** The faults that have struck. */
  readonly struck = new Set<Fault>();
  /** By point: those that wait for it, and how often each program has passed it. */
  private readonly watched = new Map<
    Point,
    { readonly faults: Fault[]; readonly counts: Map<string, number> }
  >();
  private over = false;

  constructor(
    faults: readonly Fault[],
    private readonly hammer: Hammer,
  ) {
    for (const fault of faults) {
      if (!('point' in fault.when)) continue;
      const { point } = fault.when;
      const watch = this.watched.get(point) ?? { faults: [], counts: new Map<string, number>() };
      watch.faults.push(fault);
      this.watched.set(point, watch);
    }
  }

  /** From now on nothing strikes. */
  end(): void {
    this.over = true;
  }

  strike(point: Point, by: SimulatedProcess | undefined): Fate | undefined {
    const watch = this.watched.get(point);
    if (!watch || this.over || !by || by.dead) return undefined;
    const count = (watch.counts.get(by.name) ?? 0) + 1;
    watch.counts.set(by.name, count);
    let fate: Fate | undefined;
    for (const fault of watch.faults) {
      const { when, blow, upon } = fault;
      if (!('point' in when) || when.occurrence !== count || when.by !== by.name) continue;
      this.struck.add(fault);
      if (blow.kind === 'message') fate = blow.fate;
      else this.hammer(blow, upon);
    }
    return fate;
  }
}
