import { ServiceHealth } from '@app/service';
import { Module } from '@nestjs/common';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { CashController } from './cash.controller.js';
import { PendingTransfersHealth } from './pending-transfers.health.js';
import { SettlementHints } from './settlement-hints.js';
import { SettlementWaiters } from './settlement-waiters.js';
import { TransferBatchesController } from './transfer-batches.controller.js';
import { TransferEventsController } from './transfer-events.controller.js';
import { TransferList } from './transfer-list.js';
import { TransferOutcomeStore } from './transfer-outcome.store.js';
import { TransferOutcomesController } from './transfer-outcomes.controller.js';
import { TransferSettlements } from './transfer-settlements.js';
import { TransferStore } from './transfer.store.js';
import { TransfersController } from './transfers.controller.js';
import { TransfersService } from './transfers.service.js';

/** Imports no NATS module and no file that holds a client of the broker: what it needs is injected. */
@Module({
  imports: [IdempotencyModule],
  controllers: [
    TransferBatchesController,
    TransfersController,
    TransferEventsController,
    CashController,
    TransferOutcomesController,
  ],
  providers: [
    TransfersService,
    TransferStore,
    TransferList,
    TransferOutcomeStore,
    TransferSettlements,
    SettlementWaiters,
    SettlementHints,
    { provide: ServiceHealth, useClass: PendingTransfersHealth },
  ],
  exports: [ServiceHealth],
})
export class TransfersModule {}
