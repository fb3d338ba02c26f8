import { Module, type DynamicModule } from '@nestjs/common';
import type { TransactionsEnvironment } from './config.js';

/** What of the environment the parts of this service are told; injected under this class. */
export abstract class Settings {
  abstract readonly idempotencyKeepHours: number;
  abstract readonly pendingAgeMaxMs: number;
  abstract readonly reconciliationLagMs: number;
  abstract readonly streamHeartbeatMs: number;
}

/** Provides {@link Settings} to every module. */
@Module({})
export class SettingsModule {
  static for(environment: TransactionsEnvironment): DynamicModule {
    const settings: Settings = {
      idempotencyKeepHours: environment.IDEMPOTENCY_KEEP_HOURS,
      pendingAgeMaxMs: environment.PENDING_AGE_MAX_MS,
      reconciliationLagMs: environment.RECONCILIATION_LAG_MS,
      streamHeartbeatMs: environment.STREAM_HEARTBEAT_MS,
    };
    return {
      module: SettingsModule,
      global: true,
      providers: [{ provide: Settings, useValue: settings }],
      exports: [Settings],
    };
  }
}
