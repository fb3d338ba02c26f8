import { DeadLetterSink, MessageBus, type EventRegistry } from '@app/nats';
import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type FactoryProvider,
  type InjectionToken,
  type ModuleMetadata,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DeliveryStrategy } from './delivery-strategy.js';
import { OutboxHealthIndicator } from './health/outbox-health.js';
import { HEALTH_DEFAULTS } from './health/outbox-health.options.js';
import { InboxDeadLetters } from './inbox/inbox-dead-letters.js';
import { Inbox } from './inbox/inbox.js';
import { OutboxMetrics } from './metrics/outbox-metrics.js';
import { OutboxSampler, SAMPLER_DEFAULTS } from './metrics/outbox-sampler.js';
import { OutboxOperations } from './ops/outbox-operations.js';
import { RELAY_DEFAULTS, type OutboxOptions } from './outbox.options.js';
import { HintListener, HintSender } from './relay/hints.js';
import { Relay } from './relay/relay.js';
import { RETENTION_DEFAULTS } from './retention/retention.options.js';
import { Retention } from './retention/retention.js';
import { Tables } from './schema/tables.js';
import { createStrategy } from './strategies/create-strategy.js';
import { UnitOfWork } from './unit-of-work.js';

/** How the options come about; the same form as in Nest's own modules. */
export interface OutboxModuleAsyncOptions {
  /** The events that transactions may emit. */
  readonly registry: EventRegistry;
  /** The token of the database with the outbox's tables; default: TypeORM's `DataSource`. */
  readonly dataSource?: InjectionToken<DataSource>;
  /** The token of the bus that the relay publishes to; default: `MessageBus`, as `NatsModule` provides it. */
  readonly bus?: InjectionToken<MessageBus>;
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  readonly inject?: NonNullable<FactoryProvider['inject']>;
  readonly useFactory: FactoryProvider<OutboxOptions>['useFactory'];
}

const OPTIONS = Symbol('OutboxOptions');
/** What a commit wakes: the relay of this process, or a hint to one elsewhere. */
const WAKER = Symbol('OutboxWaker');

interface Waker {
  wake(): void;
}

/**
 * Provides {@link UnitOfWork}, {@link Inbox} and {@link OutboxOperations} to every module, and the database's
 * dead letters to `NatsModule`. It needs a TypeORM `DataSource` and a `MessageBus` in the container, and the tables of
 * `outboxMigration()` in the database.
 *
 * The relay runs from Nest's bootstrap until its shutdown begins, if the delivery is `outbox` and its place is here.
 * What is stored while requests still end is published after the next start.
 */
@Module({})
export class OutboxModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(OPTIONS) private readonly options: OutboxOptions,
    @Inject(Relay) private readonly relay: Relay,
    @Inject(HintListener) private readonly hints: HintListener,
    @Inject(HintSender) private readonly hintSender: HintSender,
    @Inject(Retention) private readonly retention: Retention,
    @Inject(DeliveryStrategy) private readonly strategy: DeliveryStrategy,
    @Inject(OutboxMetrics) private readonly metrics: OutboxMetrics,
  ) {}

  static forRootAsync(options: OutboxModuleAsyncOptions): DynamicModule {
    const { registry, dataSource = DataSource, bus = MessageBus } = options;
    return {
      module: OutboxModule,
      global: true,
      imports: options.imports ?? [],
      providers: [
        { provide: OPTIONS, useFactory: options.useFactory, inject: options.inject ?? [] },
        {
          provide: Tables,
          useFactory: ({ tables }: OutboxOptions) => new Tables(tables),
          inject: [OPTIONS],
        },
        ...relayProviders(dataSource, bus),
        {
          provide: DeliveryStrategy,
          useFactory: ({ delivery }: OutboxOptions, messageBus: MessageBus, tables: Tables, waker: Waker) =>
            createStrategy(delivery, { bus: messageBus, tables, relay: waker }),
          inject: [OPTIONS, bus, Tables, WAKER],
        },
        {
          provide: UnitOfWork,
          useFactory: (database: DataSource, strategy: DeliveryStrategy, { types }: OutboxOptions) =>
            new UnitOfWork(database, strategy, registry, types),
          inject: [dataSource, DeliveryStrategy, OPTIONS],
        },
        ...consumerProviders(dataSource),
        ...watchProviders(dataSource),
      ],
      exports: [
        UnitOfWork,
        Inbox,
        DeadLetterSink,
        Relay,
        OutboxOperations,
        OutboxMetrics,
        OutboxHealthIndicator,
        Retention,
        Tables,
      ],
    };
  }

  onApplicationBootstrap(): void {
    this.metrics.start();
    this.retention.start();
    const { delivery, relayPlace = 'embedded' } = this.options;
    if (delivery !== 'outbox' || relayPlace === 'off') return;
    this.relay.start();
    if (relayPlace === 'alone') this.hints.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.hintSender.stop();
    await Promise.all([this.hints.stop(), this.relay.stop(), this.retention.stop(), this.strategy.stop()]);
    this.metrics.stop();
  }
}

function relayProviders(dataSource: InjectionToken, bus: InjectionToken): FactoryProvider[] {
  return [
    {
      provide: Relay,
      useFactory: (database: DataSource, messageBus: MessageBus, tables: Tables, options: OutboxOptions) =>
        new Relay({
          dataSource: database,
          tables,
          bus: messageBus,
          options: { ...RELAY_DEFAULTS, ...options.relay },
          ...(options.types === undefined ? {} : { types: options.types }),
          ...(options.holder === undefined ? {} : { holder: options.holder }),
        }),
      inject: [dataSource, bus, Tables, OPTIONS],
    },
    {
      provide: HintSender,
      useFactory: (database: DataSource, tables: Tables) => new HintSender(database, tables),
      inject: [dataSource, Tables],
    },
    {
      provide: HintListener,
      useFactory: (database: DataSource, tables: Tables, relay: Relay) =>
        new HintListener(database, tables, relay),
      inject: [dataSource, Tables, Relay],
    },
    {
      provide: WAKER,
      useFactory: ({ relayPlace }: OutboxOptions, relay: Relay, hints: HintSender): Waker =>
        relayPlace === 'off' ? hints : relay,
      inject: [OPTIONS, Relay, HintSender],
    },
  ];
}

function consumerProviders(dataSource: InjectionToken): FactoryProvider[] {
  return [
    {
      provide: Inbox,
      useFactory: (unitOfWork: UnitOfWork, database: DataSource, tables: Tables) =>
        new Inbox(unitOfWork, database, tables),
      inject: [UnitOfWork, dataSource, Tables],
    },
    {
      provide: DeadLetterSink,
      useFactory: (database: DataSource, tables: Tables) => new InboxDeadLetters(database, tables),
      inject: [dataSource, Tables],
    },
    {
      provide: Retention,
      useFactory: (database: DataSource, tables: Tables, { retention }: OutboxOptions) =>
        new Retention(database, tables, { ...RETENTION_DEFAULTS, ...retention }),
      inject: [dataSource, Tables, OPTIONS],
    },
    {
      provide: OutboxOperations,
      useFactory: (database: DataSource, tables: Tables, waker: Waker) =>
        new OutboxOperations(database, tables, () => waker.wake()),
      inject: [dataSource, Tables, WAKER],
    },
  ];
}

function watchProviders(dataSource: InjectionToken): FactoryProvider[] {
  return [
    {
      provide: OutboxSampler,
      useFactory: (database: DataSource, tables: Tables, { health }: OutboxOptions) => {
        const gapAgeMs = health?.openGapAgeMs ?? HEALTH_DEFAULTS.openGapAgeMs;
        return new OutboxSampler(tables.on(database), { ...SAMPLER_DEFAULTS, gapAgeMs });
      },
      inject: [dataSource, Tables, OPTIONS],
    },
    {
      provide: OutboxMetrics,
      useFactory: (sampler: OutboxSampler, retention: Retention, tables: Tables) =>
        new OutboxMetrics({ sampler, retention, tables }),
      inject: [OutboxSampler, Retention, Tables],
    },
    {
      provide: OutboxHealthIndicator,
      useFactory: (sampler: OutboxSampler, retention: Retention, { health }: OutboxOptions) =>
        new OutboxHealthIndicator(sampler, retention, { ...HEALTH_DEFAULTS, ...health }),
      inject: [OutboxSampler, Retention, OPTIONS],
    },
  ];
}
