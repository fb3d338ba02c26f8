import type { Secret } from '@app/nats';
import { Module, type DynamicModule } from '@nestjs/common';
import { OPS_TOKEN, OpsTokenGuard } from './ops-token.guard.js';
import { OutboxOpsController } from './outbox-ops.controller.js';

/** `/ops/outbox`, for who has the token. It needs `OutboxOperations` in the container. */
@Module({})
export class OutboxOpsModule {
  /** @param token without one the module is empty: no address under `/ops` exists */
  static for(token: Secret | undefined): DynamicModule {
    if (!token) return { module: OutboxOpsModule };
    return {
      module: OutboxOpsModule,
      controllers: [OutboxOpsController],
      providers: [{ provide: OPS_TOKEN, useValue: token }, OpsTokenGuard],
    };
  }
}
