/**
 * Stands in for the package `node-nats-streaming` in the programs that are simulated: the same events, the same
 * methods, and the same lies when a connection is lost, as `npm run exhibit` shows them of the real one.
 */
import { EventEmitter } from 'node:events';
import { currentWorld } from '../world/globals.js';
import { currentProcess, type SimulatedProcess } from '../world/simulated-process.js';
import type { Pending, World } from '../world/world.js';
import type { Broker, Refusal, Registration } from './broker.js';
import type { StoredMessage } from './queue-group.js';
import { Link, type Cable } from './cable.js';
import { currentBroker } from './current-broker.js';
import { watchPeer } from './heartbeat.js';
import { Outlet } from './outlet.js';
import type { Member } from './queue-group.js';

/** As in the package. */
export const StartPosition = { NEW_ONLY: 0, LAST_RECEIVED: 1, FIRST: 4 };

interface ClientOptions {
  readonly ackTimeout: number;
  readonly connectTimeout: number;
  readonly stanPingInterval: number;
  readonly stanMaxPingOut: number;
  /** Of the inner client's own PINGs, which find a silent peer. */
  readonly pingInterval: number;
  readonly maxPingOut: number;
  readonly reconnectTimeWait: number;
  /** -1: without end. */
  readonly maxReconnectAttempts: number;
}

/** What is used of the inner client: `stream` is its socket, another one after each reconnect. */
interface InnerClient {
  close(): void;
  readonly stream: Outlet | undefined;
}

type PublishCallback = (error: Error | string | undefined, guid: string) => void;

/** One client; what is used of `Stan`. */
export class SimulatedClient extends EventEmitter {
  /** The inner NATS connection; absent once the client is closed. */
  nc: InnerClient | undefined = innerClientOf(this);
  /** Of the connection that there is, or was last. */
  outlet: Outlet | undefined;
  /** The connection that is being made again: it is used when the server has answered on it. */
  private dialling: Link | undefined;
  private redialledAtMs = -Infinity;
  private readonly world: World = currentWorld();
  private readonly broker: Broker = currentBroker();
  private readonly owner: SimulatedProcess;
  private readonly cable: Cable;
  private readonly registration: Registration;
  private readonly pending = new Map<
    string,
    { readonly callback: PublishCallback; readonly timer: Pending }
  >();
  /** What waits for the connection to come back. */
  private readonly buffer: (() => void)[] = [];
  private link: Link | undefined;
  /** Whether the server has ever answered. */
  private connected = false;
  private pings = 0;
  private sent = 0;

  constructor(
    clientId: string,
    private readonly options: ClientOptions,
  ) {
    super();
    const owner = currentProcess();
    if (!owner) throw new Error('a client is made by a simulated process');
    this.owner = owner;
    this.cable = this.broker.cableOf(clientId);
    this.registration = {
      clientId,
      owner,
      answers: () => !owner.dead && this.link?.isOpen === true && this.cable.mode === 'whole',
      members: [],
    };
    this.world.afterWay('dial', () => this.dial(), owner);
  }

  publish(channel: string, data: string, callback: PublishCallback): string {
    const guid = `${this.registration.clientId}.${++this.sent}`;
    if (!this.nc) {
      callback(new Error('stan: Connection closed'), guid);
      return guid;
    }
    if (!this.connected || !this.link) this.broker.handedInVain.push(`${channel} of ${this.owner.name}`);
    const timedOut = () => this.callBack(guid, new Error('stan: publish ack timeout'));
    const timer = this.after(this.options.ackTimeout, timedOut);
    this.pending.set(guid, { callback, timer });
    // Before it is connected it does not know where to send it: it goes to nobody, and nobody answers.
    if (this.connected) this.world.afterTurn(this.owner, () => this.flush(guid, channel, data));
    return guid;
  }

  subscribe(channel: string, queue: string, options: SubscriptionOptions): SimulatedSubscription {
    const subscription = new SimulatedSubscription();
    const timer = this.after(this.options.connectTimeout, () => {
      subscription.emit('timeout', new Error('stan: subscribe request timeout'));
    });
    const ready = () => {
      timer.cancel();
      subscription.emit('ready');
    };
    const { link } = this;
    link?.toServer(`subscribe ${channel}`, () => {
      const member = this.broker.subscribe(this.registration, channel, queue, {
        maxInFlight: options.maxInFlight,
        ackWaitMs: options.ackWait,
        deliver: (message, redelivered) => {
          const received = () => {
            if (member) this.receive(subscription, member, new Delivered(message, redelivered, member, this));
          };
          const { sequence, payload: text } = message;
          const delivery = {
            protocol: 'nats',
            kind: 'delivery',
            channel,
            sequence,
            redelivered,
            text,
          } as const;
          this.link?.toProgram(`deliver ${channel}`, received, delivery);
        },
      });
      if (member) link.toProgram('subscribed', ready);
    });
    return subscription;
  }

  subscriptionOptions(): SubscriptionOptions {
    return new SubscriptionOptions();
  }

  /** Says goodbye; pending publishes are called back with an error. */
  close(): void {
    if (!this.nc) return;
    this.callBackAll(new Error('stan: Connection closed'));
    let answered = false;
    const closed = () => {
      if (answered) return;
      answered = true;
      this.end();
      this.emit('close');
    };
    this.after(this.options.connectTimeout, closed);
    const { link } = this;
    link?.toServer('close', () => {
      this.broker.close(this.registration);
      link.toProgram('closed', closed);
    });
  }

  /** Sends an acknowledgement, if there is a connection to send it on. */
  acknowledge(member: Member, { channel, sequence }: StoredMessage): void {
    const { link } = this;
    const word = { protocol: 'nats', kind: 'delivery-ack', channel, sequence } as const;
    this.world.afterTurn(this.owner, () => {
      link?.toServer('acknowledge', () => this.broker.acknowledge(member, sequence), word);
    });
  }

  /** The inner connection is closed for good: pending publishes are called back **without an error**. */
  closeInner(): void {
    if (!this.nc) return;
    this.callBackAll(undefined);
    this.end();
    this.emit('close');
  }

  private receive(subscription: SimulatedSubscription, member: Member, message: Delivered): void {
    if (!this.nc || !member.group) return;
    this.world.trace.tell('broker', this.owner.name, () => `delivers ${message.title}`);
    subscription.emit('message', message);
  }

  /** Sends it now or when the connection is back, even if nobody waits for the answer any more. */
  private flush(guid: string, channel: string, data: string): void {
    const { link } = this;
    if (!this.nc) return;
    if (!link) return void this.buffer.push(() => this.flush(guid, channel, data));
    this.world.trace.tell(this.owner.name, 'broker', () => `publishes to ${channel}`);
    const answer = (refusal: Refusal) => {
      const word = { protocol: 'nats', kind: 'publish-ack', channel, ...(refusal && { refusal }) } as const;
      link.toProgram(refusal ?? `acknowledge ${channel}`, () => this.callBack(guid, refusal), word);
    };
    link.toServer(`publish ${channel}`, () => this.broker.publish(this.registration, channel, data, answer), {
      protocol: 'nats',
      kind: 'publish',
      channel,
      text: data,
    });
  }

  private dial(): void {
    if (!this.nc) return;
    if (!this.broker.accepts(this.cable)) {
      this.emit('error', new Error('Could not connect to server: Error: connect ECONNREFUSED'));
      return;
    }
    const link = this.open();
    this.use(link);
    let answered = false;
    const answer = (refusal: Refusal) => {
      if (answered || !this.nc) return;
      answered = true;
      if (refusal !== undefined) return this.fail('error', refusal);
      this.connected = true;
      this.ping();
      this.emit('connect', this);
    };
    this.after(this.options.connectTimeout, () => answer('stan: connect request timeout'));
    link.toServer('connect', () => {
      this.broker.register(this.registration, (refusal) =>
        link.toProgram('connected', () => answer(refusal)),
      );
    });
  }

  private open(): Link {
    const { world, owner, options } = this;
    const link = new Link(this.cable, owner, () => this.dropped(link));
    const silent = () => {
      link.close();
      this.dropped(link);
    };
    watchPeer(link, { world, owner, ...options }, silent);
    return link;
  }

  private use(link: Link): void {
    this.link = link;
    this.outlet = new Outlet(this.world, this.owner, link);
  }

  private dropped(link: Link): void {
    if (this.link === link) this.link = undefined;
    if (!this.nc) return;
    this.emit('disconnect');
    this.redial();
  }

  /**
   * Dials again and again, as often as it may; nothing of it is told but its success and its end. The first time at
   * once, and then not more often than every `reconnectTimeWait`.
   */
  private redial(attempts = 0): void {
    const { maxReconnectAttempts, reconnectTimeWait } = this.options;
    if (maxReconnectAttempts !== -1 && attempts >= maxReconnectAttempts) return this.closeInner();
    const restedMs = this.world.elapsedMs - this.redialledAtMs;
    this.after(Math.max(0, reconnectTimeWait - restedMs), () => {
      if (!this.nc || this.link) return;
      this.redialledAtMs = this.world.elapsedMs;
      if (!this.broker.accepts(this.cable)) return this.redial(attempts + 1);
      const link = (this.dialling = this.open());
      link.toServer('hello', () => link.toProgram('welcome', () => this.resume(link)));
    });
  }

  private resume(link: Link): void {
    if (!this.nc) return;
    this.use(link);
    this.emit('reconnect', this);
    for (const send of this.buffer.splice(0)) send();
  }

  private ping(): void {
    // The server is asked for whole seconds.
    this.after(Math.ceil(this.options.stanPingInterval / 1_000) * 1_000, () => {
      if (!this.nc) return;
      if (++this.pings > this.options.stanMaxPingOut) {
        return this.fail('connection_lost', new Error('stan: connection lost due to PING failure'));
      }
      const { link } = this;
      link?.toServer('ping', () => {
        const known = this.broker.knows(this.registration);
        link.toProgram('pong', () => this.ponged(known));
      });
      this.ping();
    });
  }

  private ponged(known: boolean): void {
    if (known) this.pings = 0;
    else this.fail('connection_lost', 'client has been replaced or is no longer registered');
  }

  /** Pending publishes are called back with the reason, as if it were the server's word to each of them. */
  private fail(event: 'error' | 'connection_lost', reason: Error | string): void {
    if (!this.nc) return;
    this.callBackAll(reason);
    this.end();
    this.emit(event, reason);
    this.emit('close');
  }

  private end(): void {
    this.link?.close();
    this.dialling?.close();
    this.link = undefined;
    this.nc = undefined;
    this.buffer.length = 0;
  }

  private callBackAll(error: Error | string | undefined): void {
    for (const guid of [...this.pending.keys()]) this.callBack(guid, error);
  }

  private callBack(guid: string, error: Error | string | undefined): void {
    const waiting = this.pending.get(guid);
    if (!waiting) return;
    this.pending.delete(guid);
    waiting.timer.cancel();
    waiting.callback(error, guid);
  }

  private after(ms: number, happen: () => void): Pending {
    return this.world.after(ms * 1_000, 'client timer', happen, this.owner);
  }
}

function innerClientOf(client: SimulatedClient): InnerClient {
  return {
    close: () => client.closeInner(),
    get stream() {
      return client.outlet;
    },
  };
}

/** One delivery of a message; what is used of the package's. */
class Delivered {
  constructor(
    private readonly message: StoredMessage,
    private readonly redelivered: boolean,
    private readonly member: Member,
    private readonly client: SimulatedClient,
  ) {}

  get title(): string {
    return `${this.message.channel} ${this.message.sequence}${this.redelivered ? ' again' : ''}`;
  }

  getRawData(): Buffer {
    return Buffer.from(this.message.payload);
  }

  getSequence(): number {
    return this.message.sequence;
  }

  isRedelivered(): boolean {
    return this.redelivered;
  }

  ack(): void {
    this.client.acknowledge(this.member, this.message);
  }
}

class SimulatedSubscription extends EventEmitter {}

/** As in the package, as far as the provider sets them. */
export class SubscriptionOptions {
  maxInFlight = 16_384;
  ackWait = 30_000;

  setStartAt(_position: number): this {
    return this;
  }

  setDurableName(_name: string): this {
    return this;
  }

  setManualAckMode(_manual: boolean): this {
    return this;
  }

  setMaxInFlight(most: number): this {
    this.maxInFlight = most;
    return this;
  }

  setAckWait(ms: number): this {
    this.ackWait = ms;
    return this;
  }
}

/** As in the package: the client dials by itself. */
export function connect(_clusterId: string, clientId: string, options: ClientOptions): SimulatedClient {
  return new SimulatedClient(clientId, options);
}
