import {
  defaultClientId,
  NatsModule,
  natsOptionsFrom,
  ServiceProcess,
  type EventRegistry,
  type NatsOptions,
} from '@app/nats';
import { OutboxModule, outboxMigration, outboxOptionsFrom, type OutboxOptions } from '@app/outbox';
import { Logger, Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { writeStructuredLog } from './logs/structured-log.js';
import { postgresOptions } from './postgres.options.js';
import { createService } from './serve.js';
import type { serviceEnvironment, ServiceEnvironment } from './service.environment.js';

/** Whose relay it is. */
export interface RelayRole {
  /** The service's name. */
  readonly service: string;
  /** The events that the service emits. */
  readonly events: EventRegistry;
}

/** The environment of a service's relay: the service's own, with the one delivery that has a relay. */
export function relayEnvironment(schema: ReturnType<typeof serviceEnvironment>) {
  return schema.refine(({ EVENT_DELIVERY }) => EVENT_DELIVERY === 'outbox', {
    path: ['EVENT_DELIVERY'],
    message: 'expected outbox: no other delivery has a relay',
  });
}

/**
 * The settings of a service's relay: the service's own, but under a client id and in a place of its own. The service
 * has the same environment and runs beside it, so a `NATS_CLIENT_ID` that is given gets `-relay` at its end.
 *
 * @throws InvalidEnvironmentError for settings that do not go together
 */
export function relayOptionsFrom(
  service: string,
  environment: ServiceEnvironment,
): { readonly nats: NatsOptions; readonly outbox: OutboxOptions } {
  const given = environment.NATS_CLIENT_ID;
  const clientId = given === undefined ? defaultClientId(`${service}-relay`) : `${given}-relay`;
  return {
    nats: { ...natsOptionsFrom(environment, { service, startup: 'background' }), clientId },
    outbox: { ...outboxOptionsFrom(environment), relayPlace: 'alone', holder: clientId },
  };
}

/** What a relay is made of: the service's database, a NATS client of its own, and the outbox. */
@Module({})
class RelayModule {
  static for({ service, events }: RelayRole, environment: ServiceEnvironment): DynamicModule {
    const { nats, outbox } = relayOptionsFrom(service, environment);
    // The service's tables are the service's business; the outbox's are made by whoever comes first.
    const database = postgresOptions(`${service}-relay`, environment, {
      entities: [],
      migrations: [outboxMigration(outbox)],
    });
    return {
      module: RelayModule,
      imports: [
        TypeOrmModule.forRootAsync(database),
        NatsModule.forRootAsync({ events, useFactory: () => nats }),
        OutboxModule.forRootAsync({ registry: events, useFactory: () => outbox }),
      ],
    };
  }
}

/**
 * Runs the relay of a service as a process of its own, from its first line to its exit code: no requests are
 * taken and no messages are heard. The service itself then runs with `OUTBOX_RELAY=off`.
 */
export async function serveRelay(role: RelayRole, environment: ServiceEnvironment): Promise<void> {
  writeStructuredLog(environment);
  const app = await createService(RelayModule.for(role, environment));
  await new ServiceProcess(app, environment.SHUTDOWN_TIMEOUT_MS).run(async () => {
    await app.init();
    new Logger('Service').log(`Relaying the events of ${role.service}`);
  });
}
