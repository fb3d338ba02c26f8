import { Logger } from '@nestjs/common';
import type { Sql } from '../schema/tables.js';
import type { OutboxSample } from './outbox-sample.js';
import { readSample } from './sql/read-sample.js';

/** Settings of {@link OutboxSampler}. */
export interface OutboxSamplerOptions {
  /** The least time between two samples, in ms; who asks in between is given the last one. Default 15 s. */
  readonly everyMs: number;
  /** How long who asks may wait for a new sample, in ms. Default 500: well within an orchestrator's usual 1 s. */
  readonly waitMs: number;
  /** A gap in the numbers of a key counts once it is open for longer than this, in ms. Default 1 minute. */
  readonly gapAgeMs: number;
}

export const SAMPLER_DEFAULTS: OutboxSamplerOptions = { everyMs: 15_000, waitMs: 500, gapAgeMs: 60_000 };

/** Rows of each table that are counted at most: a sample stays cheap whatever waits. */
const ROWS_MAX = 100_000;

/**
 * Asks the database how the outbox is, when somebody wants to know, and not more often than it may: scrapes and
 * health checks share one statement, however many there are.
 */
export class OutboxSampler {
  private readonly logger = new Logger('OutboxSampler');
  private last: OutboxSample | undefined;
  private nextAt = 0;
  private sampling: Promise<void> | undefined;
  private failing = false;

  constructor(
    private readonly sql: Sql,
    private readonly options: OutboxSamplerOptions = SAMPLER_DEFAULTS,
  ) {}

  /** The sample of now, or of no more than `everyMs` ago; nothing while the database does not answer. Never rejects. */
  async sample(): Promise<OutboxSample | undefined> {
    if (!this.sampling && performance.now() >= this.nextAt) {
      this.nextAt = performance.now() + this.options.everyMs;
      this.sampling = this.read().finally(() => (this.sampling = undefined));
    }
    if (this.sampling) await atMost(this.options.waitMs, this.sampling);
    return this.last;
  }

  private async read(): Promise<void> {
    // An old sample would say that all is well for as long as the database is away.
    this.last = undefined;
    try {
      this.last = await readSample(this.sql, ROWS_MAX, this.options.gapAgeMs);
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.logger.warn(`The state of the outbox cannot be read: ${String(error)}`);
      this.failing = true;
    }
  }
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
