import { Module } from '@nestjs/common';
import { LedgerStore } from './ledger.store.js';
import { TransferRequestsController } from './transfer-requests.controller.js';

@Module({
  controllers: [TransferRequestsController],
  providers: [LedgerStore],
  exports: [LedgerStore],
})
export class LedgerModule {}
