import type { MessageBus, NatsConnection, NatsOptions } from '@app/nats';
import type { EventDelivery, RelayOptions } from '@app/outbox';
import { SimulatedDataSource } from '../database/data-source.js';
import type { DatabaseServer } from '../database/server.js';
import type { SimulatedProcess } from '../world/simulated-process.js';
import type { Libraries, ServiceName } from './service-modules.js';

/** How the instances of a service are set up. */
export interface ServiceSettings {
  readonly delivery: EventDelivery;
  readonly relay: RelayOptions;
  readonly nats: Omit<NatsOptions, 'clientId'>;
}

/** What a service's own part is made with: the shared objects that Nest would inject. */
export interface Injected {
  readonly dataSource: SimulatedDataSource;
  readonly unitOfWork: object;
  readonly inbox: object;
}

/** What a service brings of its own. */
export interface OwnPart<Api> {
  /** By channel. */
  readonly handlers: Readonly<Record<string, (event: never) => Promise<void>>>;
  /** What its callers may ask for. */
  readonly api: Api;
}

/** What one instance is made of. */
export interface ServiceParts<Api> {
  readonly name: ServiceName;
  readonly libraries: Libraries;
  readonly server: DatabaseServer;
  readonly settings: ServiceSettings;
  readonly own: (injected: Injected) => OwnPart<Api>;
}

/** One running instance: what `AppModule` wires, wired by hand, with a simulated database and broker around it. */
export class Service<Api> {
  private constructor(
    readonly api: Api,
    private readonly connection: NatsConnection,
    private readonly stopAll: () => Promise<void>,
  ) {}

  /** Starts an instance as this process, under this client id. Resolves when it takes requests. */
  static async start<Api>(
    { libraries, server, settings, own }: ServiceParts<Api>,
    process: SimulatedProcess,
  ): Promise<Service<Api>> {
    const { nats, outbox, contracts, createBus, createStrategy } = libraries;
    const dataSource = new SimulatedDataSource(server, process);
    const connection = new nats.NatsConnection({
      ...(settings.nats as NatsOptions<Extract<NatsOptions['driver'], { name: 'streaming' }>>),
      clientId: process.name,
    });
    const bus: MessageBus = await createBus(connection);
    const { tables } = libraries;
    const relay = new outbox.Relay({
      dataSource,
      tables,
      bus,
      options: settings.relay,
      holder: process.name,
    });
    const strategy = createStrategy(settings.delivery, { bus, tables, relay });
    const asDataSource = dataSource as never;
    const unitOfWork = new outbox.UnitOfWork(asDataSource, strategy, contracts.bankEvents);
    const inbox = new outbox.Inbox(unitOfWork as never, asDataSource, tables);
    const sink = new outbox.InboxDeadLetters(asDataSource, tables);
    const { deliveriesMax } = settings.nats;
    const transport = new nats.NatsTransport(bus, contracts.bankEvents, { sink, deliveriesMax });
    const { handlers, api } = own({ dataSource, unitOfWork, inbox });
    for (const [channel, handler] of Object.entries(handlers)) {
      transport.addHandler(channel, handler as never, true);
    }
    if (settings.delivery === 'outbox') connection.connectInBackground();
    else await connection.connectWithRetry();
    transport.listen(() => undefined);
    if (settings.delivery === 'outbox') relay.start();
    return new Service(api, connection, async () => {
      // In the order of Nest's hooks: see `OutboxModule`, `NatsTransport` and `NatsModule`.
      await Promise.all([relay.stop(), strategy.stop()]);
      await transport.close();
      await connection.close();
    });
  }

  /** Calls back when it has lost its connection to the broker for good, and is to end. */
  whenLost(lost: () => void): void {
    if (this.connection.options.onConnectionLost === 'exit') this.connection.once('lost', lost);
  }

  /** As at SIGTERM: what runs is done, and the server is told. */
  stop(): Promise<void> {
    return this.stopAll();
  }
}
