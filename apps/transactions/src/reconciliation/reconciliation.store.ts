import { readClosedUntil } from '@app/service';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Settings } from '../settings.js';
import type { Reconciliation, ReconciliationQuery } from './reconciliation.schema.js';

interface SumsRow {
  readonly currency: string;
  readonly status: 'posted' | 'rejected' | 'pending';
  readonly count: number;
  readonly amountMinor: string;
}

const SUM_TRANSFERS = `
  select currency, status, count(*)::int as count, sum(amount_minor)::text as "amountMinor"
  from transfer
  where requested_at >= $1 and requested_at < $2
  group by currency, status
  order by currency`;

const NONE = { count: 0, amountMinor: '0' };

/** Before every transfer. */
const BEGINNING = new Date(0);

/** Counts and sums the transfers of a span. */
@Injectable()
export class ReconciliationStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly settings: Settings,
  ) {}

  async read({ from = BEGINNING, to }: ReconciliationQuery): Promise<Reconciliation> {
    const closedUntil = await readClosedUntil(this.dataSource, this.settings.reconciliationLagMs);
    const until = to ?? closedUntil;
    const rows = await this.dataSource.query<SumsRow[]>(SUM_TRANSFERS, [from, until]);
    const codes = [...new Set(rows.map(({ currency }) => currency))];
    return {
      from: from.toISOString(),
      to: until.toISOString(),
      closedUntil: closedUntil.toISOString(),
      closed: until <= closedUntil,
      currencies: codes.map((currency) => {
        const sumOf = (status: SumsRow['status']) => {
          const row = rows.find((each) => each.currency === currency && each.status === status);
          return row ? { count: row.count, amountMinor: row.amountMinor } : NONE;
        };
        return {
          currency,
          posted: sumOf('posted'),
          rejected: sumOf('rejected'),
          pending: sumOf('pending'),
        };
      }),
    };
  }
}
