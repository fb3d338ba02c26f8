import { Module } from '@nestjs/common';
import { TransferOutcomesController } from './transfer-outcomes.controller.js';
import { TransferStore } from './transfer.store.js';
import { TransfersController } from './transfers.controller.js';
import { TransfersService } from './transfers.service.js';

/** Imports no NATS module and no file that holds a client: what it needs is injected. */
@Module({
  controllers: [TransfersController, TransferOutcomesController],
  providers: [TransfersService, TransferStore],
})
export class TransfersModule {}
