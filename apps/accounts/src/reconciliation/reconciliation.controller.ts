import { Operation, readClosedUntil, Scopes } from '@app/service';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { DataSource } from 'typeorm';
import {
  reconciliationQuerySchema,
  reconciliationViewSchema,
  type ReconciliationQuery,
  type ReconciliationView,
} from './reconciliation.schema.js';
import { sumOutcomes, type OutcomeSums } from './sql/sum-outcomes.js';

/** Under which the lag is injected, in ms. */
export const RECONCILIATION_LAG = Symbol('ReconciliationLag');

/** Tells what became of the transfers, so that it can be held against what the other service says. */
@Controller('v1/reconciliation')
export class ReconciliationController {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(RECONCILIATION_LAG) private readonly lagMs: number,
  ) {}

  @Get()
  @Scopes('bank:admin')
  @Operation({
    id: 'reconcile',
    summary: 'Counts and sums what became of the transfers ordered within a span',
    description:
      'The span is from `from` on and before `to`, by the time at which transactions recorded the transfer. Both ' +
      'services answer the same for a span that is closed. Opening balances are no transfers.',
    answers: { 200: { description: 'Counts and sums by currency.', schema: reconciliationViewSchema } },
  })
  async reconcile(
    @Query({ schema: reconciliationQuerySchema }) query: ReconciliationQuery,
  ): Promise<ReconciliationView> {
    const { manager } = this.dataSource;
    const closedUntil = await readClosedUntil(this.dataSource, this.lagMs);
    const { from, to = closedUntil } = query;
    return {
      from: from.toISOString(),
      to: to.toISOString(),
      closedUntil: closedUntil.toISOString(),
      closed: to <= closedUntil,
      currencies: (await sumOutcomes(manager, from, to)).map(totalsOf),
    };
  }
}

function totalsOf(sums: OutcomeSums): ReconciliationView['currencies'][number] {
  return {
    currency: sums.currency,
    posted: { count: sums.postedCount, amountMinor: sums.postedMinor },
    rejected: { count: sums.rejectedCount, amountMinor: sums.rejectedMinor },
  };
}
