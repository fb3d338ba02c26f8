import { ServiceHealth } from '@app/service';
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { DataSource } from 'typeorm';
import { Settings } from '../settings.js';

/** Counts no further: it is a number for a person, and asked for often. */
const COUNTED_MAX = 10_000;

const READ_PENDING = `
  with overdue as (
    select requested_at from transfer
    where status = 'pending' and requested_at < statement_timestamp() - make_interval(secs => $1 / 1000.0)
    order by requested_at, id
    limit $2
  )
  select count(*)::int as overdue,
         coalesce(extract(epoch from statement_timestamp() - min(requested_at)) * 1000, 0)::float8 as "oldestAgeMs"
  from overdue`;

/**
 * Transfers that are pending for too long make the service `degraded`: what accounts has decided does not arrive, or it
 * has not decided. They are counted, and stay pending; nobody guesses how they end.
 */
@Injectable()
export class PendingTransfersHealth extends ServiceHealth {
  private readonly indicators = new HealthIndicatorService();

  constructor(
    private readonly dataSource: DataSource,
    private readonly settings: Settings,
  ) {
    super();
  }

  override async check(): Promise<HealthIndicatorResult<'transfers'>> {
    const { pendingAgeMaxMs } = this.settings;
    const session = this.indicators.check('transfers');
    const [row] = await this.dataSource.query<[{ overdue: number; oldestAgeMs: number }]>(READ_PENDING, [
      pendingAgeMaxMs,
      COUNTED_MAX,
    ]);
    if (row.overdue === 0) return session.up({ overduePending: 0 });
    return session.degraded({
      overduePending: row.overdue,
      oldestPendingAgeMs: Math.round(row.oldestAgeMs),
      problems: [`${row.overdue} transfer(s) are pending for longer than ${pendingAgeMaxMs} ms`],
    });
  }
}
