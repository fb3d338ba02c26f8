import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrokerConnection } from '../src/broker-connection.js';
import { createBus, createConnection } from '../src/driver.js';
import type { BusMessage, BusSubscription, MessageBus, NatsOptions } from '../src/index.js';
import { RecordedLog, testNatsOptions } from '../testing/index.js';
import type { Backend, Broker } from './backends.js';

/** The channel of the contract's messages. */
export const CHANNEL = 'coin.tossed';

/** Longer than a busy disk keeps an acknowledgement waiting: nothing comes twice that was acknowledged in time. */
const ACK_WAIT_MS = 10_000;
/** For tests of redelivery: every instance of a queue must name the same. */
export const SOON = { ackWaitMs: 1_000 };

/** One process's connection and bus. */
export interface Instance {
  readonly connection: BrokerConnection;
  readonly bus: MessageBus;
}

/** What one test works with: a broker of its own, and any number of instances on it. */
export class Bench {
  readonly log = RecordedLog.start();
  private readonly open: BrokerConnection[] = [];

  private constructor(
    private readonly backend: Backend,
    private readonly directory: string,
    private broker: Broker,
  ) {}

  static async start(backend: Backend): Promise<Bench> {
    const directory = await mkdtemp(join(tmpdir(), 'nats-contract-'));
    return new Bench(backend, directory, await backend.start(directory));
  }

  get port(): number {
    return this.broker.port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** An instance that is not connected yet. Time-outs are short, and long enough for a busy machine. */
  async instance(given: Partial<NatsOptions> = {}): Promise<Instance> {
    const own = testNatsOptions({
      url: this.url,
      clientId: `instance-${this.open.length}`,
      connectTimeoutMs: 2_000,
      resumeTimeoutMs: 5_000,
      ackWaitMs: ACK_WAIT_MS,
    });
    const options = { ...own, driver: this.backend.driver, ...given };
    const connection = await createConnection(options, [CHANNEL]);
    this.open.push(connection);
    return { connection, bus: await createBus(connection) };
  }

  /** An instance that is. */
  async connected(given: Partial<NatsOptions> = {}): Promise<Instance> {
    const instance = await this.instance(given);
    await instance.connection.connect();
    return instance;
  }

  stopBroker(): Promise<void> {
    return this.broker.stop();
  }

  /** Starts the broker again, at its port and with its store. */
  async startBroker(): Promise<void> {
    this.broker = await this.backend.start(this.directory, this.port);
  }

  async end(): Promise<void> {
    await Promise.all(this.open.map((connection) => connection.close()));
    await this.broker.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** What a consumer was given. */
export interface Listener {
  /** Every delivery, as `number data` with a `!` where it was delivered before. */
  readonly heard: string[];
  /**
   * The same without repetitions. For all tests that redelivery is no subject of: the real streaming server
   * delivers what is published in the moment of subscribing twice, once as new and once as the durable's rest.
   */
  readonly distinct: string[];
  readonly subscription: BusSubscription;
}

/** Subscribes and notes what is delivered. */
export function listen(
  { bus }: Instance,
  handler: (message: BusMessage) => Promise<void> = () => Promise.resolve(),
): Listener {
  const heard: string[] = [];
  const distinct: string[] = [];
  const subscription = bus.subscribe(CHANNEL, (message) => {
    const entry = `${message.sequence} ${message.data.toString()}`;
    heard.push(message.redelivered ? `${entry}!` : entry);
    if (!distinct.includes(entry)) distinct.push(entry);
    return handler(message);
  });
  return { heard, distinct, subscription };
}
