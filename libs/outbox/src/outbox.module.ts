import { MessageBus } from '@app/nats';
import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type FactoryProvider,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DeliveryStrategy } from './delivery-strategy.js';
import { Inbox } from './inbox.js';
import type { OutboxOptions } from './outbox.options.js';
import { Relay } from './relay.js';
import { DirectStrategy } from './strategies/direct.strategy.js';
import { OutboxStrategy } from './strategies/outbox.strategy.js';
import { UnitOfWork } from './unit-of-work.js';

/** How the options come about; the same form as in Nest's own modules. */
export interface OutboxModuleAsyncOptions {
  readonly inject?: NonNullable<FactoryProvider['inject']>;
  readonly useFactory: FactoryProvider<OutboxOptions>['useFactory'];
}

const OPTIONS = Symbol('OutboxOptions');

/**
 * Provides {@link UnitOfWork} and {@link Inbox} to every module. It needs a TypeORM `DataSource` and a
 * `MessageBus` in the container, and the tables of {@link CreateOutbox1767225600000} in the database.
 *
 * The relay runs from Nest's bootstrap until its shutdown begins, unless the delivery is `direct`. What is
 * stored while requests still end is published after the next start.
 */
@Module({})
export class OutboxModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(OPTIONS) private readonly options: OutboxOptions,
    @Inject(Relay) private readonly relay: Relay,
  ) {}

  static forRootAsync(options: OutboxModuleAsyncOptions): DynamicModule {
    return {
      module: OutboxModule,
      global: true,
      providers: [
        { provide: OPTIONS, useFactory: options.useFactory, inject: options.inject ?? [] },
        {
          provide: Relay,
          useFactory: (dataSource: DataSource, bus: MessageBus, { relay }: OutboxOptions) =>
            new Relay(dataSource, bus, relay),
          inject: [DataSource, MessageBus, OPTIONS],
        },
        {
          provide: DeliveryStrategy,
          useFactory: ({ delivery }: OutboxOptions, bus: MessageBus, relay: Relay) =>
            delivery === 'direct' ? new DirectStrategy(bus) : new OutboxStrategy(relay),
          inject: [OPTIONS, MessageBus, Relay],
        },
        UnitOfWork,
        Inbox,
      ],
      exports: [UnitOfWork, Inbox, Relay],
    };
  }

  onApplicationBootstrap(): void {
    if (this.options.delivery === 'outbox') this.relay.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.relay.stop();
  }
}
