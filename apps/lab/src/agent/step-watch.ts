import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { tell } from './agent-pipe.js';
import { matches, type Facts, type StepOrder, type Step } from './agent-protocol.js';
import { factsOf } from './step-facts.js';

interface Armed {
  readonly order: StepOrder;
  reached: number;
}

/**
 * Listens to a program's steps: to all of them while it reports, and otherwise to those alone that an order waits for,
 * since a step that somebody listens to is not free.
 */
export class StepWatch {
  private reporting = false;
  private armed: Armed[] = [];
  private readonly heard = new Set<string>();
  private readonly listener = (detail: unknown, step: string | symbol) =>
    this.reached(String(step), detail as object);

  constructor(private readonly steps: readonly string[]) {}

  report(on: boolean): void {
    this.reporting = on;
    this.listen();
  }

  /** @throws Error when the program has no such step: the order would wait for ever */
  arm(order: StepOrder): void {
    if (!this.steps.includes(order.step)) throw new Error(`this program has no step ${order.step}`);
    this.armed.push({ order, reached: 0 });
    this.listen();
  }

  disarm(): void {
    this.armed = [];
    this.listen();
  }

  private listen(): void {
    const wanted = new Set(this.reporting ? this.steps : this.armed.map(({ order }) => order.step));
    for (const step of this.heard) {
      if (wanted.has(step)) continue;
      unsubscribe(step, this.listener);
      this.heard.delete(step);
    }
    for (const step of wanted) {
      if (this.heard.has(step)) continue;
      subscribe(step, this.listener);
      this.heard.add(step);
    }
  }

  private reached(step: string, detail: object): void {
    const at = performance.timeOrigin + performance.now();
    const reached: Step = { step, at, detail: factsOf(detail), pid: process.pid };
    if (this.reporting) tell({ kind: 'step', ...reached });
    const due = this.armed.find((armed) => isDue(armed, step, reached.detail));
    if (due === undefined) return;
    this.armed = this.armed.filter((armed) => armed !== due);
    tell({ kind: 'strike', ...reached, signal: due.order.signal });
    process.kill(process.pid, due.order.signal);
    // Who was stopped comes here when it goes on.
    tell({ kind: 'awake', pid: process.pid });
  }
}

/** Counts while it looks. */
function isDue(armed: Armed, step: string, detail: Facts): boolean {
  const { order } = armed;
  if (order.step !== step || !matches(detail, order.match)) return false;
  armed.reached += 1;
  return armed.reached === (order.occurrence ?? 1);
}
