import { bankEvents } from '@app/contracts';
import { NatsModule, natsOptionsFrom } from '@app/nats';
import { OutboxModule, outboxMigration, outboxOptionsFrom } from '@app/outbox';
import {
  HealthController,
  MetricsController,
  OutboxOpsModule,
  postgresOptions,
  type ServiceEnvironment,
} from '@app/service';
import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SERVICE } from './config.js';
import { CreateTransfers1767225600001 } from './transfers/create-transfers.migration.js';
import { IdempotencyRecord } from './transfers/idempotency-record.entity.js';
import { Transfer } from './transfers/transfer.entity.js';
import { TransfersModule } from './transfers/transfers.module.js';

/** Wires the service: one database, one NATS connection, one outbox, each set up once and used anywhere. */
@Module({})
export class AppModule {
  static for(environment: ServiceEnvironment): DynamicModule {
    const outbox = outboxOptionsFrom(environment);
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRootAsync(
          postgresOptions(SERVICE, environment, {
            entities: [Transfer, IdempotencyRecord],
            migrations: [outboxMigration(outbox), CreateTransfers1767225600001],
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
        TransfersModule,
      ],
      controllers: [HealthController, MetricsController],
    };
  }
}
