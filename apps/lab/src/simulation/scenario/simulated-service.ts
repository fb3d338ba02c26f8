import { matches, type StepOrder } from '../../agent/agent-protocol.js';
import { factsOf } from '../../agent/step-facts.js';
import type { CellService } from '../../matrix/cell-stage.js';
import type { Program } from '../bank/program.js';
import type { SimulatedProcess } from '../world/simulated-process.js';

/** As an orchestrator does after a first failure: see `Supervised`. */
const RESTART_MS = 200;

/** One order that stands, of the process that it was given to. */
interface Armed {
  readonly order: StepOrder;
  readonly process: SimulatedProcess;
  reached: number;
}

/** A service as the matrix knows it: what befalls it at a step, and how often it has ended. */
export class SimulatedService<Api> implements CellService {
  readonly steps: { readonly strikes: StepOrder[] } = { strikes: [] };
  private armed: Armed[] = [];

  constructor(readonly program: Program<Api>) {}

  get exits(): { readonly length: number } {
    return { length: this.program.ends };
  }

  get isUp(): boolean {
    return this.program.service !== undefined;
  }

  arm(order: StepOrder): Promise<void> {
    this.armed.push({ order, process: this.program.process, reached: 0 });
    return Promise.resolve();
  }

  wake(): Promise<void> {
    this.program.process.thaw();
    return Promise.resolve();
  }

  /** A process has reached a step: as in the agent, an order is carried out in the very call that announces it. */
  reached(step: string, process: SimulatedProcess, detail: object): void {
    const due = this.armed.find((armed) => armed.process === process && isDue(armed, step, detail));
    if (due === undefined) return;
    this.armed = this.armed.filter((armed) => armed !== due);
    this.steps.strikes.push(due.order);
    if (due.order.signal === 'SIGKILL') this.program.kill(RESTART_MS);
    else process.freeze();
  }
}

/** Counts while it looks. */
function isDue(armed: Armed, step: string, detail: object): boolean {
  const { order } = armed;
  if (order.step !== step || !matches(factsOf(detail), order.match)) return false;
  armed.reached += 1;
  return armed.reached === (order.occurrence ?? 1);
}
