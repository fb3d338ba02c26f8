import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { DeadlineError, PartStartError } from '../lab.errors.js';
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
  /** Every end of a process so far, the oldest first. */
  readonly exits: Exit[] = [];

  private readonly events = new EventEmitter().setMaxListeners(0);
  private current: NodeProcess | undefined;
  private loop: Promise<void> | undefined;
  private stopping = new AbortController();
  private state: 'idle' | 'running' | 'waiting' | 'failed' = 'idle';

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

  start(): void {
    if (this.state === 'running' || this.state === 'waiting') return;
    this.stopping = new AbortController();
    this.loop = this.keepRunning(this.stopping.signal);
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

  private async keepRunning(stopping: AbortSignal): Promise<void> {
    for (let failures = 0; !stopping.aborted;) {
      const startedAt = Date.now();
      this.current = startNode(this.program, this.log);
      this.state = 'running';
      const exit = await this.current.exited;
      this.current = undefined;
      failures = exit.at.getTime() - startedAt > PROVEN_MS ? 1 : failures + 1;
      const asked = stopping.aborted || exit.code === 0 || ASKED_TO_STOP.has(exit.signal);
      if (asked) this.state = 'idle';
      else this.state = failures >= FAILURES_MAX ? 'failed' : 'waiting';
      const restarts = this.state === 'waiting';
      this.exits.push(exit);
      this.events.emit('exit', exit, restarts);
      if (this.failed) this.events.emit('given-up');
      if (!restarts) return;
      const pauseMs = Math.min(RESTART_DELAY_MS * 2 ** (failures - 1), RESTART_DELAY_MS_MAX);
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
