import {
  Inject,
  Module,
  type DynamicModule,
  type FactoryProvider,
  type ModuleMetadata,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { BrokerConnection } from './broker-connection.js';
import { DeadLetterSink } from './dead-letter.sink.js';
import { createBus, createConnection } from './driver.js';
import type { EventRegistry } from './event-registry.js';
import { MessageBus } from './message-bus.js';
import { NatsConnection } from './nats-connection.js';
import { NatsHealthIndicator } from './nats.health.js';
import { NatsModuleImportedTwiceError } from './nats.errors.js';
import type { NatsOptions } from './nats.options.js';
import { NatsTransport } from './nats.transport.js';
import { EXIT_CODES } from './service-process.js';

/** How the options come about; the same form as in Nest's own modules. */
export interface NatsModuleAsyncOptions {
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  readonly inject?: NonNullable<FactoryProvider['inject']>;
  readonly useFactory: FactoryProvider<NatsOptions>['useFactory'];
  /** The events that `@EventPattern` handlers receive. */
  readonly events: EventRegistry;
}

const OPTIONS = Symbol('NatsOptions');

/**
 * The shared NATS provider. Import it **once**, in the root module: it is global, like TypeORM's
 * `DataSource`: set up at start, used anywhere by injection, so no file has to import a file that holds
 * the client.
 */
@Module({})
export class NatsModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(NatsConnection) private readonly connection: BrokerConnection,
  ) {
    const imports = [...modules.values()].filter(({ metatype }) => metatype === NatsModule);
    if (imports.length > 1) throw new NatsModuleImportedTwiceError();
  }

  /** Provides {@link NatsConnection}, {@link MessageBus} and {@link NatsTransport} to every module. */
  static forRootAsync(options: NatsModuleAsyncOptions): DynamicModule {
    return {
      module: NatsModule,
      global: true,
      imports: options.imports ?? [],
      providers: [
        { provide: OPTIONS, useFactory: options.useFactory, inject: options.inject ?? [] },
        {
          provide: NatsConnection,
          useFactory: (natsOptions: NatsOptions) =>
            createConnection(natsOptions, Object.keys(options.events.definitions)),
          inject: [OPTIONS],
        },
        { provide: MessageBus, useFactory: createBus, inject: [NatsConnection] },
        {
          provide: NatsTransport,
          useFactory: (bus: MessageBus, { deliveriesMax }: NatsOptions, sink?: DeadLetterSink) =>
            new NatsTransport(bus, options.events, sink && { sink, deliveriesMax }),
          inject: [MessageBus, OPTIONS, { token: DeadLetterSink, optional: true }],
        },
        {
          provide: NatsHealthIndicator,
          useFactory: (bus: MessageBus) => new NatsHealthIndicator(bus),
          inject: [MessageBus],
        },
      ],
      exports: [NatsConnection, MessageBus, NatsTransport, NatsHealthIndicator],
    };
  }

  async onModuleInit(): Promise<void> {
    this.exitAlone();
    const { startup, startupTimeoutMs } = this.connection.options;
    if (startup === 'wait') await this.connection.connectWithRetry(startupTimeoutMs);
    else this.connection.connectInBackground();
  }

  /** Who runs without `ServiceProcess` has nobody who could close the application: the process ends at once. */
  private exitAlone(): void {
    const { connection } = this;
    if (connection.options.onConnectionLost !== 'exit' || connection.exitIsArranged) return;
    connection.arrangeExit();
    connection.once('lost', () => process.exit(EXIT_CODES.connectionLost));
  }

  /** The last of Nest's hooks: requests and message handlers have ended, and may have published until now. */
  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}
