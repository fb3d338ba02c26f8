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
import type { EventRegistry } from './event-registry.js';
import { MessageBus } from './message-bus.js';
import { NatsConnection } from './nats-connection.js';
import { NatsModuleImportedTwiceError } from './nats.errors.js';
import type { NatsOptions } from './nats.options.js';
import { NatsStreamingBus } from './nats-streaming.bus.js';
import { NatsTransport } from './nats.transport.js';

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
    @Inject(NatsConnection) private readonly connection: NatsConnection,
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
          useFactory: (natsOptions: NatsOptions) => new NatsConnection(natsOptions),
          inject: [OPTIONS],
        },
        { provide: MessageBus, useClass: NatsStreamingBus },
        {
          provide: NatsTransport,
          useFactory: (bus: MessageBus) => new NatsTransport(bus, options.events),
          inject: [MessageBus],
        },
      ],
      exports: [NatsConnection, MessageBus, NatsTransport],
    };
  }

  async onModuleInit(): Promise<void> {
    const { startup, startupTimeoutMs } = this.connection.options;
    if (startup === 'wait') await this.connection.connectWithRetry(startupTimeoutMs);
    else this.connection.connectInBackground();
  }

  /** The last of Nest's hooks: requests and message handlers have ended, and may have published until now. */
  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}
