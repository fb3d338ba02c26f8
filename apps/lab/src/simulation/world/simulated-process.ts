import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * One life of a program: a start, and an end that may come at any step. What it does runs with it as the current
 * process, through every promise and timer, so that the world knows whose each call is.
 *
 * | state  | means                                                                  | leaves it             |
 * |--------|------------------------------------------------------------------------|-----------------------|
 * | alive  | what concerns it happens                                               | frozen, dead          |
 * | frozen | SIGSTOP: what concerns it waits                                        | thawed → alive, dead  |
 * | dead   | SIGKILL, or its end: what concerns it never happens; its calls do nothing | never              |
 */
export class SimulatedProcess {
  state: 'alive' | 'frozen' | 'dead' = 'alive';
  /** What waits for it to be thawed. */
  readonly held: (() => void)[] = [];
  /** Called at its end, whatever the cause: what the rest of the world notices of it. */
  readonly onEnd: (() => void)[] = [];

  constructor(readonly name: string) {}

  get dead(): boolean {
    return this.state === 'dead';
  }

  /** SIGKILL: no word, and nothing more. */
  kill(): void {
    if (this.dead) return;
    this.state = 'dead';
    this.held.length = 0;
    for (const tell of this.onEnd) tell();
  }

  freeze(): void {
    if (this.state === 'alive') this.state = 'frozen';
  }

  thaw(): void {
    if (this.state !== 'frozen') return;
    this.state = 'alive';
    for (const resume of this.held.splice(0)) resume();
  }
}

const current = new AsyncLocalStorage<SimulatedProcess | undefined>();

/** The process that is running now; undefined for the world's own doings. */
export function currentProcess(): SimulatedProcess | undefined {
  return current.getStore();
}

/** Runs something as this process. */
export function runAs<Result>(owner: SimulatedProcess | undefined, work: () => Result): Result {
  return current.run(owner, work);
}
