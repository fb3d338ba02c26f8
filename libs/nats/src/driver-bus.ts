import type { BrokerConnection } from './broker-connection.js';
import { announce } from './diagnostics.js';
import { Limiter } from './limiter.js';
import { MessageBus, type BusHealth, type PublishAck, type PublishOptions } from './message-bus.js';
import { PublishRefusedError, PublishUnknownError } from './nats.errors.js';

/** What a bus needs of its driver's connection. */
export interface DriverConnection extends Pick<
  BrokerConnection,
  'options' | 'state' | 'lostSince' | 'roundTripMs'
> {
  on(event: 'connected' | 'resumed', listener: () => void): unknown;
  off(event: 'connected' | 'resumed', listener: () => void): unknown;
}

/** What the buses of all drivers do alike: bound the publishes under way, announce each outcome, tell their health. */
export abstract class DriverBus<
  Connection extends DriverConnection,
  Subscription extends { readonly isAlive: boolean },
> extends MessageBus {
  protected readonly subscriptions: Subscription[] = [];
  private readonly limiter: Limiter;

  constructor(protected readonly connection: Connection) {
    super();
    this.limiter = new Limiter(connection.options.publishesInFlightMax);
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

  /** One publish, when its turn has come; the outcomes are those of {@link MessageBus.publish}. */
  protected abstract publishNow(
    channel: string,
    payload: string,
    options: PublishOptions,
  ): Promise<PublishAck>;
}
