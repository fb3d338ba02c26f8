import { Module, type DynamicModule } from '@nestjs/common';
import type { TransferLimits } from './decide-transfer.js';
import { Ledger } from './ledger.js';
import { TRANSFER_LIMITS } from './ledger.environment.js';
import { TransferRequestsController } from './transfer-requests.controller.js';

/** Hears of transfers and keeps the books. */
@Module({})
export class LedgerModule {
  static for(limits: TransferLimits): DynamicModule {
    return {
      module: LedgerModule,
      controllers: [TransferRequestsController],
      providers: [Ledger, { provide: TRANSFER_LIMITS, useValue: limits }],
    };
  }
}
