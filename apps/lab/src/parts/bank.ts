import type { EventDelivery } from '@app/outbox';
import type { AgentSettings } from './node-process.js';
import type { Ground } from './parts.js';
import { entryOf } from './repository.js';
import { Supervised } from './supervised.js';

/** The two ways of sending events that the demo compares. */
export type DeliveryStrategy = 'direct' | 'outbox';

/** The services of the bank. */
export type ServiceName = 'transactions' | 'accounts';

/** How a service is set up where it differs from the defaults. */
export interface BankOptions {
  readonly ground: Ground;
  readonly delivery: EventDelivery;
  /** Where `transactions` finds NATS; by default the broker itself. A cable goes here. */
  readonly transactionsNatsUrl?: string;
  /** More settings for both services. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Tells instances of the same services on the same ground apart, to the broker too; by default there is one. */
  readonly instance?: string;
  /** Services into which the lab's agent is preloaded, and what it does there; by default it is in none. */
  readonly agents?: Readonly<Partial<Record<ServiceName, AgentSettings>>>;
  /** Fixed ports; by default any free one, another after each restart. */
  readonly ports?: { readonly transactions: number; readonly accounts: number };
}

/** Two services start at once on a machine that may do other things. */
const START_MS_MAX = 60_000;
const LISTENING = /Listening on (http:\/\/[^\s"]+)/;

/** A service of the bank, kept running. */
export class Service extends Supervised {
  private address: string | undefined;

  constructor(program: ConstructorParameters<typeof Supervised>[0]) {
    super(program);
    this.log.onLine((line) => (this.address = LISTENING.exec(line)?.[1] ?? this.address));
    this.onExit(() => (this.address = undefined));
  }

  /** Where it takes requests now; undefined while it does not. */
  get url(): string | undefined {
    return this.address;
  }

  /**
   * Waits until it takes requests.
   * @param after a mark in its log: an earlier start does not count
   */
  async waitUntilListening(after = 0): Promise<void> {
    await this.waitForLine(LISTENING, START_MS_MAX, after);
  }
}

/** Both services, each a process of its own. */
export class Bank {
  readonly transactions: Service;
  readonly accounts: Service;

  constructor(options: BankOptions) {
    this.transactions = serviceOf('transactions', options);
    this.accounts = serviceOf('accounts', options);
  }

  /** Starts both and waits until they take requests. */
  async start(): Promise<void> {
    this.transactions.start();
    this.accounts.start();
    await Promise.all([this.transactions.waitUntilListening(), this.accounts.waitUntilListening()]);
  }

  /** Asks both to stop and waits until they have. Safe to call twice. */
  async stop(): Promise<void> {
    await Promise.all([this.transactions.stop(), this.accounts.stop()]);
  }
}

function serviceOf(name: ServiceName, options: BankOptions): Service {
  const agent = options.agents?.[name];
  return new Service({
    name,
    script: entryOf(name),
    environment: environmentOf(name, options),
    ...(agent && { agent }),
  });
}

/**
 * The relay of one service as a process of its own, with the environment of the service; not started.
 * It has the agent that the service has.
 * @param more settings of this process alone
 */
export function relayOf(
  name: ServiceName,
  options: BankOptions,
  more: Readonly<Record<string, string>> = {},
): Supervised {
  const agent = options.agents?.[name];
  return new Supervised({
    name: `relay of ${name}`,
    script: entryOf(name, 'relay.main.js'),
    environment: { ...environmentOf(name, options), ...more },
    ...(agent && { agent }),
  });
}

function environmentOf(name: ServiceName, options: BankOptions): Record<string, string> {
  const { ground, delivery, transactionsNatsUrl, environment, instance, ports } = options;
  const natsUrl = name === 'transactions' ? transactionsNatsUrl : undefined;
  return {
    HOST: '127.0.0.1',
    PORT: String(ports?.[name] ?? 0),
    DATABASE_URL: ground.databases[name],
    NATS_URL: natsUrl ?? ground.broker.url,
    NATS_CLUSTER_ID: ground.broker.clusterId,
    NATS_CLIENT_ID: [name, ground.runName, ...(instance === undefined ? [] : [instance])].join('-'),
    NATS_CHANNEL_PREFIX: ground.channelPrefix,
    EVENT_DELIVERY: delivery,
    ...environment,
  };
}

/** A broker's URL with another host and port: credentials stay. */
export function through(brokerUrl: string, port: number): string {
  const url = new URL(brokerUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return url.href.replace(/\/$/, '');
}
