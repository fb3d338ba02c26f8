import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { DeadlineError } from '../lab.errors.js';
import { matches, type AgentLine, type StepOrder, type Step, type Strike } from './agent-protocol.js';

/** Which step is waited for. */
export type WantedStep = Pick<StepOrder, 'step' | 'match'>;

/** For the message of an error. */
const LAST_STEPS = 15;

type Answer = Extract<AgentLine, { kind: 'answer' }>;

/** What the agents of a program tell, over all the processes that ran it one after the other. */
export class StepBook {
  private readonly events = new EventEmitter().setMaxListeners(0);
  private readonly reported: Step[] = [];
  private readonly struck: Strike[] = [];
  private readonly mutants = new Set<string>();
  private awakenings = 0;

  /** A mark: only steps after it count. */
  get end(): number {
    return this.reported.length;
  }

  /** Every order that was carried out, the oldest first. */
  get strikes(): readonly Strike[] {
    return this.struck;
  }

  /** How often a process that was stopped went on. */
  get awoken(): number {
    return this.awakenings;
  }

  /** The marks of the mutants' lines that ran, in any of the processes: see `markOf`. */
  get mutantsRun(): ReadonlySet<string> {
    return this.mutants;
  }

  /** The steps that were reported after a mark, in their order. */
  since(mark: number): readonly Step[] {
    return this.reported.slice(mark);
  }

  /** Forgets the steps reported so far; marks begin anew. */
  clear(): void {
    this.reported.length = 0;
  }

  /** Takes in what an agent writes. */
  record(output: Readable): void {
    createInterface({ input: output }).on('line', (line) => this.add(JSON.parse(line) as AgentLine));
  }

  /** Calls `listener` for each step from now on. */
  onStep(listener: (step: Step) => void): void {
    this.events.on('step', listener);
  }

  /**
   * Waits for a step that was reported; so the agent must report.
   * @param after a mark: earlier steps do not count (default: none is too old)
   * @throws DeadlineError
   */
  waitForStep({ step, match }: WantedStep, withinMs: number, after = 0): Promise<Step> {
    const find = () => this.since(after).find((one) => one.step === step && matches(one.detail, match));
    return this.next('step', `the step ${step}`, withinMs, find);
  }

  /**
   * Waits for the `count`-th order that is carried out (1 = the first).
   * @throws DeadlineError
   */
  waitForStrike(count: number, withinMs: number): Promise<Strike> {
    return this.next('strike', `strike number ${count}`, withinMs, () => this.struck[count - 1]);
  }

  /** Listens for the answer to a message from now on, until it is forgotten. */
  answerTo(agentMessage: number): { readonly received: Promise<Answer>; forget(): void } {
    let listener: (answer: Answer) => void = () => undefined;
    const received = new Promise<Answer>((resolve) => {
      listener = (answer) => answer.agentMessage === agentMessage && resolve(answer);
    });
    this.events.on('answer', listener);
    return { received, forget: () => void this.events.off('answer', listener) };
  }

  private async next<Found>(
    kind: string,
    awaited: string,
    withinMs: number,
    find: () => Found | undefined,
  ): Promise<Found> {
    const deadline = AbortSignal.timeout(withinMs);
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      try {
        await once(this.events, kind, { signal: deadline });
      } catch {
        throw new DeadlineError(awaited, withinMs, this.lastSteps());
      }
    }
  }

  private lastSteps(): string {
    const last = this.reported
      .slice(-LAST_STEPS)
      .map(({ step, detail }) => `${step} ${JSON.stringify(detail)}`);
    return last.length > 0 ? `the last steps:\n${last.join('\n')}` : 'no step was reported';
  }

  private add(line: AgentLine): void {
    if (line.kind === 'step') this.reported.push(line);
    else if (line.kind === 'strike') this.struck.push(line);
    else if (line.kind === 'mutant-ran') this.mutants.add(line.mutant);
    else if (line.kind === 'awake') this.awakenings += 1;
    this.events.emit(line.kind, line);
  }
}
