import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentMessage, StepOrder, Step, Strike } from '../agent/agent-protocol.js';
import { StepBook, type WantedStep } from '../agent/step-book.js';
import { DeadlineError, PartStartError } from '../lab.errors.js';
import { AgentOrderError } from '../agent/agent.errors.js';
import { until, within } from './deadline.js';
import { LogBook } from './log-book.js';
import { startNode, type Exit, type NodeProcess, type NodeProgram } from './node-process.js';

/** As an orchestrator does: not at once, and later each time while it keeps failing. */
const RESTART_DELAY_MS = 200;
const RESTART_DELAY_MS_MAX = 5_000;
/** A process that lived this long has not failed at its start. */
const PROVEN_MS = 10_000;
/** So many failures in a row, each younger than that, are a crash loop. */
const FAILURES_MAX = 5;
/** Longer than a service's own deadline for its shutdown (SHUTDOWN_TIMEOUT_MS, 10 s); then it is killed. */
const STOP_MS_MAX = 15_000;

/** An agent answers as soon as its process is at leisure, which takes a while at its start. */
const AGENT_ANSWER_MS_MAX = 30_000;

const ASKED_TO_STOP = new Set<NodeJS.Signals | null>(['SIGINT', 'SIGTERM']);

/**
 * A program that is kept running, as an orchestrator keeps it.
 *
 * - `idle`: not started yet, or stopped. Left by `start()`. No process, no timer.
 * - `running`: its process runs. Left when the process ends: to `waiting` after a failure, to `failed` after too many in
 *   a row, to `idle` when it ended because it was asked to (exit 0, SIGINT, SIGTERM, `stop()`).
 * - `waiting`: it ended by itself and is started again after a delay. Left to `running`, or by `stop()` to `idle`.
 * - `failed`: a crash loop; not started again. Left by `start()`.
 */
export class Supervised {
  readonly log = new LogBook();
  /** What its agent reports, over all its processes; nothing where the program has none. */
  readonly steps = new StepBook();
  /** Every end of a process so far, the oldest first. */
  readonly exits: Exit[] = [];

  private readonly events = new EventEmitter().setMaxListeners(0);
  private current: NodeProcess | undefined;
  private loop: Promise<void> | undefined;
  private stopping = new AbortController();
  private state: 'idle' | 'running' | 'waiting' | 'failed' = 'idle';
  private agentMessages = 0;
  private failures = 0;

  constructor(private readonly program: NodeProgram) {}

  get name(): string {
    return this.program.name;
  }

  /** The id of the process that runs now. */
  get pid(): number | undefined {
    return this.current?.pid;
  }

  /** Whether it was given up after too many failures in a row. */
  get failed(): boolean {
    return this.state === 'failed';
  }

  /** @param armed what befalls its first process, from the start on; one that is started after it has nothing armed */
  start(armed?: StepOrder): void {
    if (this.state === 'running' || this.state === 'waiting') return;
    this.stopping = new AbortController();
    this.loop = this.keepRunning(this.stopping.signal, armed);
  }

  /** Asks the process to stop (SIGTERM), kills it if it does not, and does not start it again. Safe to call twice. */
  async stop(): Promise<void> {
    // A process is asked once: to a service, a second SIGTERM says that nobody wants to wait for it.
    if (!this.stopping.signal.aborted) {
      this.stopping.abort();
      if (this.current !== undefined) await endOrKill(this.current);
    }
    await this.loop;
  }

  /** Sends the process a signal, as somebody from outside would. */
  kill(signal: NodeJS.Signals): void {
    this.current?.kill(signal);
  }

  /** Forgets its failures so far: they were made, and say nothing about the program. */
  forgive(): void {
    this.failures = 0;
  }

  /**
   * Tells the agent of the process that runs now what is to befall it; several orders may stand at once, each is carried
   * out once. Resolves when the order stands. A process that is started after this one has nothing armed.
   * @throws AgentOrderError when there is no process or no agent, it has no such step, or ended before it answered
   */
  async arm(order: StepOrder): Promise<void> {
    await this.ask((agentMessage) => ({ agentMessage, kind: 'arm', order }));
  }

  /** Takes every order back that was not carried out. @throws AgentOrderError */
  async disarm(): Promise<void> {
    await this.ask((agentMessage) => ({ agentMessage, kind: 'disarm' }));
  }

  /** Lets the agent of the process that runs now report every step, or no more. @throws AgentOrderError */
  async report(on: boolean): Promise<void> {
    await this.ask((agentMessage) => ({ agentMessage, kind: 'report', on }));
  }

  /** See {@link StepBook.waitForStep}. */
  waitForStep(wanted: WantedStep, withinMs: number, after = 0): Promise<Step> {
    return this.steps.waitForStep(wanted, withinMs, after);
  }

  /** See {@link StepBook.waitForStrike}. */
  waitForStrike(count: number, withinMs: number): Promise<Strike> {
    return this.steps.waitForStrike(count, withinMs);
  }

  /**
   * Lets a process go on that a SIGSTOP has struck. It says that it is struck before it is: a single SIGCONT could come
   * too early, and be lost.
   * @throws DeadlineError
   */
  async wake(): Promise<void> {
    const { awoken } = this.steps;
    await until(`${this.name} to go on`, AGENT_ANSWER_MS_MAX, () => {
      if (this.steps.awoken > awoken) return true;
      this.kill('SIGCONT');
      return undefined;
    });
  }

  /** Calls `listener` at each end of a process; `restarts` tells whether it will be started again. */
  onExit(listener: (exit: Exit, restarts: boolean) => void): void {
    this.events.on('exit', listener);
  }

  /**
   * Waits for the `count`-th end of a process (1 = the first).
   * @throws DeadlineError
   */
  async waitForExit(count: number, withinMs: number): Promise<Exit> {
    const deadline = AbortSignal.timeout(withinMs);
    for (;;) {
      const exit = this.exits[count - 1];
      if (exit !== undefined) return exit;
      try {
        await once(this.events, 'exit', { signal: deadline });
      } catch {
        throw new DeadlineError(`exit number ${count} of ${this.name}`, withinMs, this.log.tail());
      }
    }
  }

  /**
   * Waits for a line of its log.
   * @throws PartStartError as soon as it is in a crash loop; DeadlineError
   */
  async waitForLine(pattern: RegExp, withinMs: number, after = 0): Promise<RegExpExecArray> {
    const line = this.log.waitFor(pattern, withinMs, after);
    const gone = new AbortController();
    const givenUp = once(this.events, 'given-up', { signal: gone.signal }).then(() => {
      throw new PartStartError(this.name, `it failed ${FAILURES_MAX} times in a row\n${this.log.tail()}`);
    });
    try {
      if (this.failed) this.events.emit('given-up');
      return await Promise.race([line, givenUp]);
    } finally {
      gone.abort();
      line.catch(() => undefined);
      givenUp.catch(() => undefined);
    }
  }

  private async ask(messageOf: (number: number) => AgentMessage): Promise<void> {
    const { current } = this;
    if (current === undefined || this.program.agent === undefined) {
      throw new AgentOrderError(this.name, current === undefined ? 'it does not run' : 'it has no agent');
    }
    const message = messageOf((this.agentMessages += 1));
    const answer = this.steps.answerTo(message.agentMessage);
    const gone = current.exited.then(() => ({ refused: 'its process ended before it answered' }));
    const answered = Promise.race([answer.received, gone]);
    try {
      await current.send(message);
      const { refused } = await within(
        `an answer of the agent of ${this.name}`,
        AGENT_ANSWER_MS_MAX,
        answered,
      );
      if (refused !== undefined) throw new AgentOrderError(this.name, refused);
    } finally {
      answer.forget();
    }
  }

  private async keepRunning(stopping: AbortSignal, armed: StepOrder | undefined): Promise<void> {
    this.failures = 0;
    for (let first = true; !stopping.aborted; first = false) {
      const startedAt = Date.now();
      const { steps } = this;
      this.current = startNode(this.program, this.log, { steps, ...(first && armed && { armed }) });
      this.state = 'running';
      const exit = await this.current.exited;
      this.current = undefined;
      this.failures = exit.at.getTime() - startedAt > PROVEN_MS ? 1 : this.failures + 1;
      const asked = stopping.aborted || exit.code === 0 || ASKED_TO_STOP.has(exit.signal);
      if (asked) this.state = 'idle';
      else this.state = this.failures >= FAILURES_MAX ? 'failed' : 'waiting';
      const restarts = this.state === 'waiting';
      this.exits.push(exit);
      this.events.emit('exit', exit, restarts);
      if (this.failed) this.events.emit('given-up');
      if (!restarts) return;
      const pauseMs = Math.min(RESTART_DELAY_MS * 2 ** (this.failures - 1), RESTART_DELAY_MS_MAX);
      await delay(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
    }
    this.state = 'idle';
  }
}

async function endOrKill(running: NodeProcess): Promise<void> {
  running.kill('SIGTERM');
  const late = new AbortController();
  const killLater = delay(STOP_MS_MAX, undefined, { signal: late.signal })
    .then(() => running.kill('SIGKILL'))
    .catch(() => undefined);
  await running.exited;
  late.abort();
  await killLater;
}
