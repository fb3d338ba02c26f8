import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { RetentionHealth } from '../retention/retention.js';
import type { Tables } from '../schema/tables.js';
import { CLAIM_LANES, CLAIM_SUSPECT } from '../sql/claim-lanes.js';
import { READ_RUNS } from '../sql/read-runs.js';
import { RECOVER_LANES } from '../sql/recover-lanes.js';
import { SETTLE_LANES } from '../sql/settle-lanes.js';
import { STORE_MESSAGES, STORE_ONE_MESSAGE } from '../sql/store-messages.js';
import { OutboxCounters, type OutboxCounts } from './outbox-counters.js';
import type { OutboxSample } from './outbox-sample.js';
import type { OutboxSampler } from './outbox-sampler.js';

const STATEMENTS = {
  claim: [CLAIM_LANES, CLAIM_SUSPECT],
  read: [READ_RUNS],
  settle: [SETTLE_LANES],
  recover: [RECOVER_LANES],
  store: [STORE_MESSAGES, STORE_ONE_MESSAGE],
} as const;

/** What statements are told apart by. */
export type StatementKind = keyof typeof STATEMENTS | 'other';

/** All numbers of now. */
export interface OutboxSnapshot {
  readonly counts: OutboxCounts;
  /** Statements that this library ran. `claim`, `read`, `settle` and `recover` are the relay's, each a transaction. */
  readonly statements: Readonly<Record<StatementKind, number>>;
  /** Days after today that have a partition, by table; absent before the retention's first round. */
  readonly partitionDaysAhead: NonNullable<RetentionHealth['daysAhead']> | undefined;
  /** Absent while the database does not answer. */
  readonly sample: OutboxSample | undefined;
}

/** Where the numbers come from. */
export interface OutboxMetricsParts {
  readonly tables: Tables;
  readonly sampler: Pick<OutboxSampler, 'sample'>;
  readonly retention: { health(): RetentionHealth };
}

/**
 * Counts what the library announces on its diagnostics channels, in this process; beside that it knows what the
 * sampler has asked the database. `metricFamilies` gives the same under names for Prometheus.
 */
export class OutboxMetrics {
  private readonly counters = new OutboxCounters();
  private started = false;

  constructor(private readonly parts: OutboxMetricsParts) {}

  /** Counts from now on; to be called before the relay starts. A second call changes nothing. */
  start(): void {
    if (this.started) return;
    this.started = true;
    for (const [step, handler] of this.subscriptions()) subscribe(step, handler);
  }

  /** Counts no more, and keeps what it has counted. Safe to call twice. */
  stop(): void {
    if (!this.started) return;
    this.started = false;
    for (const [step, handler] of this.subscriptions()) unsubscribe(step, handler);
  }

  /** Never rejects. */
  async snapshot(): Promise<OutboxSnapshot> {
    const sample = await this.parts.sampler.sample();
    return {
      counts: this.counters.read(),
      statements: this.statements(),
      partitionDaysAhead: this.parts.retention.health().daysAhead,
      sample,
    };
  }

  private statements(): Record<StatementKind, number> {
    const { tables } = this.parts;
    const runsOf = (texts: readonly string[]) => texts.reduce((sum, text) => sum + tables.runsOf(text), 0);
    const known = {
      claim: runsOf(STATEMENTS.claim),
      read: runsOf(STATEMENTS.read),
      settle: runsOf(STATEMENTS.settle),
      recover: runsOf(STATEMENTS.recover),
      store: runsOf(STATEMENTS.store),
    };
    const other = Object.values(known).reduce((rest, runs) => rest - runs, tables.runs);
    return { ...known, other };
  }

  private subscriptions(): [step: string, handler: (detail: unknown) => void][] {
    // A channel's detail has no type; the step's announcement is the only one that it carries.
    return Object.entries(this.counters.handlers) as [string, (detail: unknown) => void][];
  }
}
