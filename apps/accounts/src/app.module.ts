import { bankEvents } from '@app/contracts';
import { NatsModule, natsOptionsFrom } from '@app/nats';
import { CreateOutbox1767225600000, OutboxModule, RELAY_DEFAULTS } from '@app/outbox';
import { HealthController, postgresOptions, type ServiceEnvironment } from '@app/service';
import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Account } from './accounts/account.entity.js';
import { AccountsModule } from './accounts/accounts.module.js';
import { SERVICE } from './config.js';
import { CreateLedger1767225600002 } from './ledger/create-ledger.migration.js';
import { Entry } from './ledger/entry.entity.js';
import { LedgerModule } from './ledger/ledger.module.js';

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
            entities: [Account, Entry],
            migrations: [CreateOutbox1767225600000, CreateLedger1767225600002],
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
        AccountsModule,
        LedgerModule,
      ],
      controllers: [HealthController],
    };
  }
}
