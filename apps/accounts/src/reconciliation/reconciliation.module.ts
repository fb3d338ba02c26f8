import { Module, type DynamicModule } from '@nestjs/common';
import { RECONCILIATION_LAG, ReconciliationController } from './reconciliation.controller.js';

/** Answers what both services are compared by. */
@Module({})
export class ReconciliationModule {
  /** @param lagMs how far behind the clock the books are closed */
  static for(lagMs: number): DynamicModule {
    return {
      module: ReconciliationModule,
      controllers: [ReconciliationController],
      providers: [{ provide: RECONCILIATION_LAG, useValue: lagMs }],
    };
  }
}
