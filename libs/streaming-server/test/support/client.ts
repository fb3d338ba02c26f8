import { once } from 'node:events';
import stan, {
  type Message as StanMessage,
  type Stan,
  type StanOptions,
  type Subscription,
  type SubscriptionOptions,
} from 'node-nats-streaming';
import { eventually } from './eventually.js';

/** The published type lacks this method. */
export type Message = StanMessage & { getRedeliveryCount(): number };

/** A client, with what its published type leaves out. */
export type Client = Stan & {
  readonly clientID: string;
  /** The inner connection: the only way to lose it without a word to the server. */
  readonly nc: { readonly stream: { destroy(): void; pause(): void; resume(): void } };
};

/** A received message, as values to compare. */
export interface Received {
  readonly sequence: number;
  readonly data: string;
  readonly redelivered: boolean;
  readonly count: number;
  readonly atMs: number;
}

let counter = 0;

/** A name that no other test uses, also not on a server that outlives this run. */
export function unique(prefix: string): string {
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${++counter}`;
}

/** Resolves on the first connection; rejects with what the client says otherwise, a string or an error. */
export function connect(
  server: { url: string; clusterId: string },
  clientId = unique('client'),
  options: StanOptions = {},
): Promise<Client> {
  const all = { url: server.url, reconnectTimeWait: 50, ...options };
  const client = stan.connect(server.clusterId, clientId, all) as Client;
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve(client));
    client.once('error', reject);
    // Later errors are looked at where a test expects them; without a listener they would end the process.
    client.on('error', () => undefined);
  });
}

export async function close(client: Stan): Promise<void> {
  const closed = once(client, 'close');
  client.close();
  await closed;
}

/** Resolves with the message's guid; rejects with what the server said. */
export function publish(client: Stan, channel: string, data: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    client.publish(channel, data, (error, guid) =>
      error === undefined
        ? resolve(guid ?? '')
        : reject(error instanceof Error ? error : new Error(String(error))),
    );
  });
}

/** A subscription that notes everything it gets. */
export class Collector {
  readonly messages: Message[] = [];
  readonly received: Received[] = [];

  constructor(readonly subscription: Subscription) {
    subscription.on('message', (message: Message) => {
      this.messages.push(message);
      this.received.push({
        sequence: Number(message.getSequence()),
        data: message.getRawData().toString(),
        redelivered: message.isRedelivered(),
        count: message.getRedeliveryCount(),
        atMs: performance.now(),
      });
    });
  }

  get sequences(): number[] {
    return this.received.map((message) => message.sequence);
  }

  async count(expected: number, deadlineMs?: number): Promise<void> {
    await eventually(() => this.received.length >= expected, `${expected} messages`, deadlineMs);
  }

  ackAll(): void {
    for (const message of this.messages) message.ack();
  }

  async close(): Promise<void> {
    const closed = once(this.subscription, 'closed');
    this.subscription.close();
    await closed;
  }

  async unsubscribe(): Promise<void> {
    const unsubscribed = once(this.subscription, 'unsubscribed');
    this.subscription.unsubscribe();
    await unsubscribed;
  }
}

export interface Wanted {
  readonly queue?: string;
  /** Changes the client's default options. */
  readonly options?: (options: SubscriptionOptions) => SubscriptionOptions;
}

/** Resolves when the server has confirmed the subscription; rejects with its refusal. */
export async function subscribe(client: Stan, channel: string, wanted: Wanted = {}): Promise<Collector> {
  const options = wanted.options?.(client.subscriptionOptions()) ?? client.subscriptionOptions();
  const subscription =
    wanted.queue === undefined
      ? client.subscribe(channel, options)
      : client.subscribe(channel, wanted.queue, options);
  const collector = new Collector(subscription);
  await new Promise((resolve, reject) => {
    subscription.once('ready', resolve);
    subscription.on('error', reject);
    subscription.on('timeout', reject);
  });
  return collector;
}
