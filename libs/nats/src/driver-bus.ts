import type { BrokerConnection } from './broker-connection.js';
import { announce } from './diagnostics.js';
import { Limiter } from './limiter.js';
import {
  MessageBus,
  type BusHealth,
  type BusMessageHandler,
  type BusSubscription,
  type PublishAck,
  type PublishOptions,
} from './message-bus.js';
import { PublishRefusedError, PublishUnknownError } from './nats.errors.js';

/** A subscription that a driver opens anew on each session. */
export interface DriverSubscription<Session> extends BusSubscription {
  /** Whether the broker serves it on the session of now. */
  readonly isAlive: boolean;
  /** Never rejects. */
  openOn(session: Session): void | Promise<void>;
}

/** What the buses of all drivers do alike: bound the publishes, keep the subscriptions open, tell their health. */
export abstract class DriverBus<Session, Connection extends BrokerConnection<Session>> extends MessageBus {
  private readonly subscriptions: DriverSubscription<Session>[] = [];
  private readonly limiter: Limiter;

  constructor(protected readonly connection: Connection) {
    super();
    this.limiter = new Limiter(connection.options.publishesInFlightMax);
    connection.on('connected', (session) => {
      for (const subscription of this.subscriptions) void subscription.openOn(session);
    });
  }

  override get ready(): boolean {
    return this.connection.state === 'connected';
  }

  override onReady(listener: () => void): () => void {
    this.connection.on('connected', listener);
    this.connection.on('resumed', listener);
    return () => {
      this.connection.off('connected', listener);
      this.connection.off('resumed', listener);
    };
  }

  override subscribe(channel: string, handler: BusMessageHandler): BusSubscription {
    const subscription = this.createSubscription(channel, handler);
    this.subscriptions.push(subscription);
    if (this.ready) void subscription.openOn(this.connection.session);
    return subscription;
  }

  override async publish(
    channel: string,
    payload: string,
    options: PublishOptions = {},
  ): Promise<PublishAck> {
    try {
      if (this.limiter.full) throw new PublishRefusedError(channel, 'too many publishes wait already');
      const ack = await this.limiter.run(() => this.publishNow(channel, payload, options));
      announce('nats.publish.acked', { channel, payload, ack });
      return ack;
    } catch (error) {
      const unknown = error instanceof PublishUnknownError;
      announce(unknown ? 'nats.publish.unknown' : 'nats.publish.refused', { channel, payload, error });
      throw error;
    }
  }

  override async health(timeoutMs: number): Promise<BusHealth> {
    const { state, lostSince } = this.connection;
    const roundTripMs = await this.connection.roundTripMs(timeoutMs);
    return {
      state,
      ...(lostSince === undefined ? {} : { lostSince: lostSince.toISOString() }),
      subscriptions: this.subscriptions.length,
      subscriptionsAlive: this.subscriptions.filter(({ isAlive }) => isAlive).length,
      ...(roundTripMs === undefined ? {} : { roundTripMs }),
    };
  }

  protected abstract createSubscription(
    channel: string,
    handler: BusMessageHandler,
  ): DriverSubscription<Session>;

  /** One publish, when its turn has come; the outcomes are those of {@link MessageBus.publish}. */
  protected abstract publishNow(
    channel: string,
    payload: string,
    options: PublishOptions,
  ): Promise<PublishAck>;
}
