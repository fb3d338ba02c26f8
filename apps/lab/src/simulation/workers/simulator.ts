import { fork, type ChildProcess } from 'node:child_process';
import type { Closers } from '../../parts/closers.js';
import { labFile } from '../../parts/repository.js';
import { planOf, type Plan } from '../schedule/plan.js';
import { ScheduleBrokenOffError } from '../simulation.errors.js';
import type { Report, Task, WorkerMessage } from './worker-protocol.js';

/** A process that runs schedules, as seen from outside; one schedule at a time. */
export class Simulator {
  private answer: Settling | undefined;
  private readonly exited: Promise<void>;
  private accountIds: readonly string[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly mutants: readonly string[],
  ) {
    this.exited = new Promise((resolve) => child.once('close', () => resolve()));
    child.on('message', (message) => this.answer?.resolve(message as WorkerMessage));
    void this.exited.then(() => this.answer?.reject(new Error('its process has ended')));
  }

  /**
   * Starts one. Resolves when it can run schedules.
   * @param mutants the safeguards that are taken out of its bank
   * @throws ScheduleBrokenOffError
   */
  static async start(mutants: readonly string[], open: Closers): Promise<Simulator> {
    const child = fork(labFile('simulation/workers/worker.js'), mutants, { serialization: 'advanced' });
    const simulator = new Simulator(child, mutants);
    open.add(() => simulator.close());
    const message = await simulator.nextMessage('the founding of the bank');
    if (message.kind === 'ready') simulator.accountIds = message.accountIds;
    return simulator;
  }

  /** What a seed stands for. */
  planOf(seed: number): Plan {
    return planOf(seed, this.accountIds);
  }

  /** @throws ScheduleBrokenOffError */
  async run(plan: Plan, { telling = false }: { readonly telling?: boolean } = {}): Promise<Report> {
    const task: Task = { plan, telling };
    this.child.send(task, () => undefined);
    const what = `the schedule of seed ${plan.seed}`;
    const message = await this.nextMessage(what);
    if (message.kind === 'report') return message.report;
    throw this.brokenOff(what, message.kind === 'broken off' ? message.reason : message.kind);
  }

  /** Ends its process; safe to call twice. */
  close(): Promise<void> {
    this.child.kill('SIGKILL');
    return this.exited;
  }

  private async nextMessage(what: string): Promise<WorkerMessage> {
    try {
      return await new Promise<WorkerMessage>((resolve, reject) => {
        this.answer = { resolve, reject };
        if (!this.child.connected) reject(new Error('its process has ended'));
      });
    } catch (cause) {
      throw this.brokenOff(what, (cause as Error).message, { cause });
    } finally {
      this.answer = undefined;
    }
  }

  private brokenOff(what: string, reason: string, options?: ErrorOptions): ScheduleBrokenOffError {
    const without = this.mutants.length === 0 ? '' : ` with ${this.mutants.join(' and ')}`;
    return new ScheduleBrokenOffError(`${what}${without}`, reason, options);
  }
}

interface Settling {
  readonly resolve: (message: WorkerMessage) => void;
  readonly reject: (reason: Error) => void;
}
