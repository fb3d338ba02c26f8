import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { OutboxSample } from '../metrics/outbox-sample.js';
import type { OutboxSampler } from '../metrics/outbox-sampler.js';
import type { RetentionHealth } from '../retention/retention.js';
import type { OutboxHealthOptions } from './outbox-health.options.js';

/**
 * The outbox's health for `@nestjs/terminus`: how much waits, for how long, what waits for a human, what the inbox
 * misses, and for how many days there are partitions. `problems` names each threshold that is passed.
 *
 * Beyond a threshold it is `degraded`, which fails no check: an instance that is taken out of service delivers
 * nothing, and mends nothing.
 */
export class OutboxHealthIndicator {
  private readonly indicators = new HealthIndicatorService();

  /** @param sampler counts gaps that are open for longer than its own `gapAgeMs`: give it `openGapAgeMs` */
  constructor(
    private readonly sampler: Pick<OutboxSampler, 'sample'>,
    private readonly retention: { health(): RetentionHealth },
    private readonly options: OutboxHealthOptions,
  ) {}

  /** Never rejects, and never says `down`. */
  async check<const Key extends string>(key: Key): Promise<HealthIndicatorResult<Key>> {
    const sample = await this.sampler.sample();
    const { daysAhead } = this.retention.health();
    const problems = [
      ...(sample ? problemsOf(sample, this.options) : ['the database does not answer']),
      ...Object.entries(daysAhead ?? {})
        .filter(([, days]) => days < this.options.partitionDaysAheadMin)
        .map(([table, days]) => `${table} has partitions for ${days} day(s) after today`),
    ];
    const details = { ...sample, ...(daysAhead && { partitionDaysAhead: daysAhead }) };
    const session = this.indicators.check(key);
    return problems.length === 0 ? session.up(details) : session.degraded({ ...details, problems });
  }
}

function problemsOf(sample: OutboxSample, options: OutboxHealthOptions): string[] {
  const { oldestPendingAgeMs, keys, openGaps } = sample;
  const parked = sample.parkedMessages.block + sample.parkedMessages.park;
  const passed: [isPassed: boolean, problem: string][] = [
    [oldestPendingAgeMs > options.oldestPendingAgeMaxMs, `a message waits for ${oldestPendingAgeMs} ms`],
    [parked > options.parkedMax, `${parked} message(s) are parked`],
    [keys.blocked > options.blockedKeysMax, `${keys.blocked} key(s) are blocked`],
    [openGaps > 0, `${openGaps} key(s) miss a number for longer than ${options.openGapAgeMs} ms`],
  ];
  return passed.filter(([isPassed]) => isPassed).map(([, problem]) => problem);
}
