import { bankEvents } from '@app/contracts';
import { NatsModule, natsOptionsFrom } from '@app/nats';
import { CreateOutbox1767225600000, OutboxModule, RELAY_DEFAULTS } from '@app/outbox';
import { HealthController, postgresOptions, type ServiceEnvironment } from '@app/service';
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
    const delivery = environment.EVENT_DELIVERY;
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRootAsync(
          postgresOptions(SERVICE, environment, {
            entities: [Transfer, IdempotencyRecord],
            migrations: [CreateOutbox1767225600000, CreateTransfers1767225600001],
          }),
        ),
        NatsModule.forRootAsync({
          events: bankEvents,
          // Without an outbox, a service that cannot publish is of no use, and waits for the broker.
          useFactory: () =>
            natsOptionsFrom(environment, {
              service: SERVICE,
              startup: delivery === 'direct' ? 'wait' : 'background',
            }),
        }),
        OutboxModule.forRootAsync({ useFactory: () => ({ delivery, relay: RELAY_DEFAULTS }) }),
        TransfersModule,
      ],
      controllers: [HealthController],
    };
  }
}
