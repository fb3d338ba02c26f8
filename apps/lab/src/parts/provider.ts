import {
  MessageBus,
  NatsConnection,
  natsEnvironment,
  NatsModule,
  natsOptionsFrom,
  parseEnvironment,
  type EventRegistry,
  type NatsOptions,
} from '@app/nats';
import { NestFactory } from '@nestjs/core';
import { z } from 'zod';
import type { Broker } from './broker.js';
import type { BrokerAddress } from './streaming-client.js';

/** The provider as a service has it, in this process. */
export interface Provider {
  readonly bus: MessageBus;
  readonly connection: NatsConnection;
  close(): Promise<void>;
}

/** A service's own defaults, but quick: what takes seconds there takes a fraction here. */
const QUICK = {
  onConnectionLost: 'reconnect',
  startupTimeoutMs: 5_000,
  connectTimeoutMs: 1_000,
  resumeTimeoutMs: 300,
  pingIntervalMs: 500,
  pingsOutMax: 1,
  ackTimeoutMs: 1_000,
  ackWaitMs: 1_000,
} satisfies Partial<NatsOptions>;

/**
 * Opens the provider in a Nest application of its own, and waits until it is connected unless told otherwise.
 *
 * @throws NatsConnectError
 */
export async function openProvider(
  broker: BrokerAddress & Partial<Pick<Broker, 'environment'>>,
  events: EventRegistry,
  given: Partial<NatsOptions> = {},
): Promise<Provider> {
  const environment = {
    NATS_URL: broker.url,
    NATS_CLUSTER_ID: broker.clusterId,
    NATS_CLIENT_ID: 'provider',
    ...broker.environment,
  };
  const defaults = natsOptionsFrom(parseEnvironment(z.object(natsEnvironment), environment), {
    service: 'provider',
    startup: 'wait',
  });
  const nats = NatsModule.forRootAsync({ useFactory: () => ({ ...defaults, ...QUICK, ...given }), events });
  const app = await NestFactory.createApplicationContext(nats, { abortOnError: false });
  return { bus: app.get(MessageBus), connection: app.get(NatsConnection), close: () => app.close() };
}
