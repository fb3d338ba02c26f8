import { bankEvents } from '@app/contracts';
import { NatsModule, natsOptionsFrom } from '@app/nats';
import { OutboxModule, outboxMigration, outboxOptionsFrom } from '@app/outbox';
import {
  HealthController,
  MetricsController,
  OutboxOpsModule,
  postgresOptions,
  ServiceModule,
} from '@app/service';
import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountsModule } from './accounts/accounts.module.js';
import { SERVICE, type AccountsEnvironment } from './config.js';
import { transferLimitsFrom } from './ledger/ledger.environment.js';
import { LEDGER_MIGRATIONS } from './ledger/ledger.migrations.js';
import { LedgerModule } from './ledger/ledger.module.js';
import { ReconciliationModule } from './reconciliation/reconciliation.module.js';

/** Wires the service: one database, one NATS connection, one outbox, each set up once and used anywhere. */
@Module({})
export class AppModule {
  static for(environment: AccountsEnvironment): DynamicModule {
    const outbox = outboxOptionsFrom(environment);
    return {
      module: AppModule,
      imports: [
        ServiceModule.for(SERVICE, environment),
        TypeOrmModule.forRootAsync(
          postgresOptions(SERVICE, environment, {
            entities: [],
            migrations: [outboxMigration(outbox), ...LEDGER_MIGRATIONS],
          }),
        ),
        NatsModule.forRootAsync({
          events: bankEvents,
          // Without an outbox, a service that cannot publish is of no use, and waits for the broker.
          useFactory: () =>
            natsOptionsFrom(environment, {
              service: SERVICE,
              startup: outbox.delivery === 'outbox' ? 'background' : 'wait',
            }),
        }),
        OutboxModule.forRootAsync({ registry: bankEvents, useFactory: () => outbox }),
        OutboxOpsModule.for(environment.OUTBOX_OPS_TOKEN),
        AccountsModule,
        LedgerModule.for(transferLimitsFrom(environment)),
        ReconciliationModule.for(environment.RECONCILIATION_LAG_MS),
      ],
      controllers: [HealthController, MetricsController],
    };
  }
}
