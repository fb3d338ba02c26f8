import { EventEmitter } from 'node:events';

/**
 * Stands in for the package `node-nats-streaming` in the unit tests: their Jest project redirects the
 * import to this file, so that no unit test can open a socket. A client connects at once and its publishes
 * are acknowledged, unless {@link fakeNatsStreaming} says otherwise.
 */

/** How an attempt to connect ends: at once, never, or with an error (an Error of the client, a text of the server). */
export type FakeConnectAnswer = 'connect' | 'silence' | { readonly error: Error | string };

/** What the server answers to a publish: nothing wrong, an error text of its own, or silence. */
export type FakePublishAnswer = { readonly error?: string } | 'silence';

/** The hand on the fake server. */
export const fakeNatsStreaming = {
  /** Every client made so far, in order. */
  clients: [] as FakeStan[],
  answerConnect: 'connect' as FakeConnectAnswer,
  answerPublish: {} as FakePublishAnswer,

  /** The client made last. */
  get client(): FakeStan {
    const client = this.clients.at(-1);
    if (!client) throw new Error('No client has been made');
    return client;
  },

  /** Forgets the recorded calls and keeps the behaviour; for a suite-wide `afterEach`. */
  clear(): void {
    for (const client of this.clients) client.published.length = 0;
  },

  /** Forgets the clients and answers as at the start. */
  reset(): void {
    this.clients = [];
    this.answerConnect = 'connect';
    this.answerPublish = {};
  },
};

type PublishCallback = (error: Error | string | undefined, guid: string) => void;

/** One client, with the events and methods of `Stan` that the provider uses. */
export class FakeStan extends EventEmitter {
  /** Every publish so far, in order. */
  readonly published: { readonly channel: string; readonly data: string }[] = [];
  readonly subscriptions: FakeSubscription[] = [];
  /** The client's own inner connection. */
  nc: { close(): void } | undefined = { close: () => undefined };
  private readonly pending = new Map<string, PublishCallback>();
  private sent = 0;

  constructor(
    readonly clusterId: string,
    readonly clientId: string,
    readonly options: Readonly<Record<string, unknown>>,
  ) {
    super();
  }

  publish(channel: string, data: string, callback: PublishCallback): string {
    if (!this.nc) throw new Error('stan: Connection closed');
    this.published.push({ channel, data });
    const guid = `fake-${++this.sent}`;
    this.pending.set(guid, callback);
    const answer = fakeNatsStreaming.answerPublish;
    if (answer !== 'silence') queueMicrotask(() => this.callBack(guid, answer.error));
    return guid;
  }

  subscribe(channel: string, queue: string, options: FakeSubscriptionOptions): FakeSubscription {
    const subscription = new FakeSubscription(channel, queue, options);
    this.subscriptions.push(subscription);
    queueMicrotask(() => subscription.emit('ready'));
    return subscription;
  }

  subscriptionOptions(): FakeSubscriptionOptions {
    return new FakeSubscriptionOptions();
  }

  close(): void {
    this.end(new Error('stan: Connection closed'));
    queueMicrotask(() => this.emit('close'));
  }

  /** The connection goes down for good: pending publishes are called back **without an error**, as in the real client. */
  loseConnection(): void {
    this.emit('disconnect');
    this.end(undefined);
    this.emit('close');
  }

  /**
   * The server answers a ping with an error: pending publishes are called back **with its text**, as in the
   * real client, as if it were the server's word to each of them.
   */
  loseRegistration(text = 'client has been replaced or is no longer registered'): void {
    this.end(text);
    this.emit('connection_lost', text);
    this.emit('close');
  }

  /** Answers every publish that has none yet. */
  callBackAll(error: Error | string | undefined): void {
    for (const guid of [...this.pending.keys()]) this.callBack(guid, error);
  }

  private end(error: Error | string | undefined): void {
    this.callBackAll(error);
    this.nc = undefined;
  }

  private callBack(guid: string, error: Error | string | undefined): void {
    const callback = this.pending.get(guid);
    this.pending.delete(guid);
    callback?.(error, guid);
  }
}

/** A subscription; specs emit `message` on it, with a {@link FakeMessage}. */
export class FakeSubscription extends EventEmitter {
  constructor(
    readonly channel: string,
    readonly queue: string,
    readonly options: FakeSubscriptionOptions,
  ) {
    super();
  }
}

/** A delivery; `acknowledged` tells whether the receiver acknowledged it. */
export class FakeMessage {
  acknowledged = false;

  constructor(
    private readonly data: string,
    private readonly sequence = 1,
  ) {}

  getRawData(): Buffer {
    return Buffer.from(this.data);
  }

  getSequence(): number {
    return this.sequence;
  }

  isRedelivered(): boolean {
    return false;
  }

  ack(): void {
    this.acknowledged = true;
  }
}

/** Records what a subscription asks for. */
export class FakeSubscriptionOptions {
  readonly values: Record<string, unknown> = {};

  setStartAt(value: unknown): this {
    return this.set('startAt', value);
  }

  setDurableName(value: string): this {
    return this.set('durableName', value);
  }

  setManualAckMode(value: boolean): this {
    return this.set('manualAcks', value);
  }

  setMaxInFlight(value: number): this {
    return this.set('maxInFlight', value);
  }

  setAckWait(value: number): this {
    return this.set('ackWaitMs', value);
  }

  private set(name: string, value: unknown): this {
    this.values[name] = value;
    return this;
  }
}

/** As in the package: the numbers of the protocol. */
export const StartPosition = {
  NEW_ONLY: 0,
  LAST_RECEIVED: 1,
  TIME_DELTA_START: 2,
  SEQUENCE_START: 3,
  FIRST: 4,
};

/** As in the package. */
export function connect(clusterId: string, clientId: string, options: Record<string, unknown>): FakeStan {
  const client = new FakeStan(clusterId, clientId, options);
  fakeNatsStreaming.clients.push(client);
  const answer = fakeNatsStreaming.answerConnect;
  if (answer === 'connect') queueMicrotask(() => client.emit('connect', client));
  else if (answer !== 'silence') queueMicrotask(() => client.emit('error', answer.error));
  return client;
}
