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
import { SERVICE, type TransactionsEnvironment } from './config.js';
import { IdempotencyAnswers1767312000001 } from './idempotency/idempotency-answers.migration.js';
import { ReconciliationModule } from './reconciliation/reconciliation.module.js';
import { SettingsModule } from './settings.js';
import { CreateTransfers1767225600001 } from './transfers/create-transfers.migration.js';
import { TransferKinds1767312000002 } from './transfers/transfer-kinds.migration.js';
import { Transfer } from './transfers/transfer.entity.js';
import { TransfersModule } from './transfers/transfers.module.js';

/** Wires the service: one database, one NATS connection, one outbox, each set up once and used anywhere. */
@Module({})
export class AppModule {
  static for(environment: TransactionsEnvironment): DynamicModule {
    const outbox = outboxOptionsFrom(environment);
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRootAsync(
          postgresOptions(SERVICE, environment, {
            entities: [Transfer],
            migrations: [
              outboxMigration(outbox),
              CreateTransfers1767225600001,
              IdempotencyAnswers1767312000001,
              TransferKinds1767312000002,
            ],
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
        ServiceModule.for(SERVICE, environment),
        OutboxOpsModule.for(environment.OUTBOX_OPS_TOKEN),
        SettingsModule.for(environment),
        TransfersModule,
        ReconciliationModule,
      ],
      controllers: [HealthController, MetricsController],
    };
  }
}
