import { NatsModule, natsEnvironment, natsOptionsFrom, parseEnvironment } from '@app/nats';
import { OutboxModule, outboxMigration, type OutboxOptions, type RelayPlace } from '@app/outbox';
import {
  Inject,
  Module,
  type DynamicModule,
  type INestApplicationContext,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { BrokerAddress } from '../parts/streaming-client.js';
import { HISTORY_TYPES_OPTIONS, historyEvents } from './history-events.js';

/** Who takes part, and how it is set up. */
export interface HistorySettings {
  readonly databaseUrl: string;
  readonly broker: BrokerAddress;
  readonly clientId: string;
  readonly poolSize: number;
  readonly relayPlace: RelayPlace;
}

/** Short, so that a batch whose relay is gone is taken over soon; what takes seconds otherwise takes a fraction here. */
export const LEASE_MS = 1_500;
const RELAY = { leaseMs: LEASE_MS, recoverMs: 300, pollLongestMs: 300, lanesMax: 6, runMax: 4 };

/** Closes the database when everything that uses it has ended. */
@Module({})
class HistoryDatabase implements OnApplicationShutdown {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  static of(dataSource: DataSource): DynamicModule {
    const provider = { provide: DataSource, useValue: dataSource };
    return { module: HistoryDatabase, global: true, providers: [provider], exports: [DataSource] };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.dataSource.destroy();
  }
}

/** The library as a service has it: database, broker and outbox in a Nest application, running. */
export async function openApplication(settings: HistorySettings): Promise<INestApplicationContext> {
  const { relayPlace, clientId } = settings;
  const outbox: OutboxOptions = {
    delivery: 'outbox',
    relay: RELAY,
    relayPlace,
    types: HISTORY_TYPES_OPTIONS,
    holder: clientId,
  };
  const dataSource = await new DataSource({
    type: 'postgres',
    url: settings.databaseUrl,
    applicationName: clientId,
    poolSize: settings.poolSize,
    migrations: [outboxMigration(outbox)],
    migrationsTransactionMode: 'each',
  }).initialize();
  const application = {
    module: class HistoryApplication {},
    imports: [
      HistoryDatabase.of(dataSource),
      NatsModule.forRootAsync({ events: historyEvents, useFactory: () => natsOptions(settings) }),
      OutboxModule.forRootAsync({ registry: historyEvents, useFactory: () => outbox }),
    ],
  };
  return NestFactory.createApplicationContext(application, { abortOnError: false });
}

function natsOptions({ broker, clientId }: HistorySettings) {
  const environment = parseEnvironment(z.object(natsEnvironment), {
    NATS_URL: broker.url,
    NATS_CLUSTER_ID: broker.clusterId,
    NATS_CLIENT_ID: clientId,
    NATS_ON_CONNECTION_LOST: 'reconnect',
  });
  return natsOptionsFrom(environment, { service: 'relay-crashes', startup: 'wait' });
}
