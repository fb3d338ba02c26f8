import type { EventTypesOptions, RelayOptions } from '../outbox.options.js';
import type { ClaimedLane } from '../sql/claim-lanes.js';
import type { PendingMessage } from '../sql/read-runs.js';
import type { ParkedMessage, RepeatedMessage, SettledLane } from '../sql/settle-lanes.js';
import { blameFor, type Blame } from './publish-failure.js';

/** What the run of one lane came to. */
export interface LaneResult {
  readonly lane: SettledLane;
  readonly parked: readonly ParkedMessage[];
  readonly repeated: readonly RepeatedMessage[];
  /** Messages that the broker acknowledged. */
  readonly acked: number;
  /** What ended the run, if a publish did. */
  readonly blame?: Blame;
}

/** The rules that a run follows. */
export interface RunRules {
  readonly options: Pick<RelayOptions, 'failuresMax'>;
  readonly types: EventTypesOptions;
}

const LAST_ERROR_LENGTH_MAX = 500;

/**
 * The run of one lane: it is told what became of each message, in their order, and keeps the counts of the first one
 * that waits. Nothing here reads or writes anything.
 *
 * `attempts` counts every publish, before it is made: the claim has counted the first message's, and a run of a relay
 * that ended without a word counts once for each of its messages.
 */
export class LaneRun {
  private settledSequence: bigint;
  private pendingSince: string;
  private attempts: number;
  private failures: number;
  private crashes: number;
  private lastError: string | null;
  private state: SettledLane['state'] = 'ready';
  private dueAt: string | null = null;
  private acked = 0;
  private blame: Blame | undefined;
  private readonly parked: ParkedMessage[] = [];
  private readonly repeated: RepeatedMessage[] = [];

  constructor(
    private readonly lane: ClaimedLane,
    private readonly rules: RunRules,
  ) {
    this.settledSequence = lane.settledSequence;
    this.pendingSince = lane.pendingSince;
    // What the claim has counted is given back until the message is really published.
    this.attempts = lane.attempts - 1;
    this.failures = lane.failures;
    this.crashes = lane.crashes;
    this.lastError = lane.lastError;
  }

  /**
   * Whether the next message may be published now. One whose time has not come ends the run, and one that has used
   * up its failures (its relays ended each time) is given up.
   */
  admits(message: PendingMessage): boolean {
    if (message.notBefore !== null) {
      this.state = 'due';
      this.dueAt = message.notBefore;
      return false;
    }
    if (this.failures >= this.rules.options.failuresMax) {
      this.giveUp(message, this.lastError ?? 'unknown');
      return false;
    }
    this.attempts++;
    return true;
  }

  /** The broker has it. */
  acknowledge(message: PendingMessage): void {
    const attempts = this.attemptsOf(message);
    if (attempts > 1) this.repeated.push({ key: message.key, sequence: message.sequence, attempts });
    this.acked++;
    this.pass(message);
  }

  /** The publish failed: the run ends here, since the next message must not overtake this one. */
  fail(message: PendingMessage, error: unknown): void {
    this.blame = blameFor(error);
    this.lastError = String(error).slice(0, LAST_ERROR_LENGTH_MAX);
    if (this.blame === 'outage') {
      this.attempts--;
      return;
    }
    // Its relay lived on: whatever ended the ones before, it was not this message.
    this.crashes = 0;
    if (this.blame === 'message') this.failures++;
    if (this.failures >= this.rules.options.failuresMax) this.giveUp(message, this.lastError);
    else this.state = 'retry';
  }

  /** What is written of it when the batch is settled. */
  result(): LaneResult {
    const { key, ordered } = this.lane;
    return {
      lane: {
        key,
        state: !ordered && this.settledSequence > this.lane.settledSequence ? 'done' : this.state,
        settledSequence: this.settledSequence,
        pendingSince: this.pendingSince,
        attempts: this.attempts,
        failures: this.failures,
        crashes: this.crashes,
        lastError: this.lastError,
        dueAt: this.dueAt,
      },
      parked: this.parked,
      repeated: this.repeated,
      acked: this.acked,
      ...(this.blame === undefined ? {} : { blame: this.blame }),
    };
  }

  private giveUp(message: PendingMessage, error: string): void {
    const configured = this.rules.types[message.type]?.whenPoisoned ?? 'block';
    // An unordered message has nobody behind it who could wait.
    const policy = configured === 'block' && !this.lane.ordered ? 'park' : configured;
    this.parked.push({
      key: message.key,
      sequence: message.sequence,
      ordered: this.lane.ordered,
      attempts: this.attemptsOf(message),
      failures: this.failures,
      error,
      policy,
    });
    if (policy === 'block') this.state = 'blocked';
    else this.pass(message);
  }

  private pass(message: PendingMessage): void {
    this.settledSequence = message.sequence;
    this.pendingSince = message.createdAt;
    this.attempts = 0;
    this.failures = 0;
    this.crashes = 0;
    this.lastError = null;
  }

  private attemptsOf(message: PendingMessage): number {
    return this.attempts + (message.sequence <= this.lane.attemptedTo ? 1 : 0);
  }
}
