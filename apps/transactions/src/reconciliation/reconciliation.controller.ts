import { Operation, Scopes } from '@app/service';
import { Controller, Get, Query } from '@nestjs/common';
import {
  reconciliationQuerySchema,
  reconciliationSchema,
  type Reconciliation,
  type ReconciliationQuery,
} from './reconciliation.schema.js';
import { ReconciliationStore } from './reconciliation.store.js';

@Controller('v1/reconciliation')
export class ReconciliationController {
  constructor(private readonly store: ReconciliationStore) {}

  @Get()
  @Scopes('bank:admin')
  @Operation({
    id: 'reconcile',
    summary: 'Counts and sums of transfers by the time of their request',
    description:
      'To be compared with the same of accounts: over a span that is closed in both, `posted` and `rejected` are equal ' +
      'once nothing is pending.',
    answers: {
      200: { description: 'By currency; one without a transfer is left out.', schema: reconciliationSchema },
    },
  })
  reconcile(
    @Query({ schema: reconciliationQuerySchema }) query: ReconciliationQuery,
  ): Promise<Reconciliation> {
    return this.store.read(query);
  }
}
