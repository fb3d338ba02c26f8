import type { DeadLetterReason } from '../inbox/dead-letter.js';
import type { OpenGaps } from '../inbox/sql/read-open-gaps.js';

/** What waits in the outbox. */
export interface Backlog {
  /** Messages that wait, blocked ones included. */
  readonly pending: bigint;
  /** More keys wait than were looked at: there is more than the numbers say. */
  readonly capped: boolean;
  /** Nothing that waits is older; null when nothing waits. */
  readonly oldestPendingAgeMs: number | null;
  /** Keys with something waiting, by state; a message without order counts as a key of its own. */
  readonly lanes: {
    readonly ready: number;
    readonly due: number;
    readonly leased: number;
    readonly blocked: number;
  };
}

/** A batch that a relay holds. */
export interface LeaseView {
  readonly token: string;
  readonly holder: string;
  readonly endsAt: Date;
  readonly expired: boolean;
}

export interface ParkedCount {
  readonly type: string;
  readonly policy: 'block' | 'park' | 'skip';
  readonly count: number;
}

export interface DeadLetterCount {
  readonly channel: string;
  readonly reason: DeadLetterReason;
  readonly count: number;
}

export interface PartitionView {
  readonly name: string;
  /** As PostgreSQL writes it: `FOR VALUES FROM (…) TO (…)`. */
  readonly range: string;
}

/** How outbox and inbox are, without a message counted. */
export interface OutboxStats extends Backlog {
  readonly leases: readonly LeaseView[];
  readonly parked: readonly ParkedCount[];
  readonly deadLetters: readonly DeadLetterCount[];
  readonly partitions: readonly PartitionView[];
  /** Keys of the inbox of which a number did not come for longer than a minute. */
  readonly gaps: OpenGaps;
}
