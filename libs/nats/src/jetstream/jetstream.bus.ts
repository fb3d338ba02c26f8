import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { announce, isObserved } from '../diagnostics.js';
import { Limiter } from '../limiter.js';
import {
  MessageBus,
  type BusHealth,
  type BusMessageHandler,
  type BusSubscription,
  type PublishAck,
  type PublishOptions,
} from '../message-bus.js';
import { NatsNotConnectedError, PublishRefusedError, PublishUnknownError } from '../nats.errors.js';
import { toError } from '../streaming-client.js';
import { isJetStreamMissing } from './jetstream.errors.js';
import type { JetStreamConnection } from './jetstream-connection.js';
import type { JetStreamSession } from './jetstream-session.js';
import { PullSubscription } from './pull-subscription.js';

/** The same as the other driver allows, so that a channel may move between them. */
const CHANNEL = /^[^\s.*>/\\]+(\.[^\s.*>/\\]+)*$/;
/** Subject, headers and the server's own framing come on top of the payload, in bytes. */
const FRAME_BYTES_MAX = 4_096;
/** From here on an API status is the server's own trouble: in a cluster a replica may have stored the message. */
const SERVER_FAULT = 500;

/** The driver of {@link MessageBus} for JetStream. */
export class JetStreamBus extends MessageBus {
  private readonly limiter: Limiter;
  private readonly subscriptions: PullSubscription[] = [];

  constructor(private readonly connection: JetStreamConnection) {
    super();
    this.limiter = new Limiter(connection.options.publishesInFlightMax);
    connection.on('connected', (session) => {
      for (const subscription of this.subscriptions) void subscription.openOn(session);
    });
    connection.on('resumed', () => {
      for (const subscription of this.subscriptions) subscription.pullAgain();
    });
  }

  override get ready(): boolean {
    return this.connection.state === 'connected';
  }

  override get duplicateWindowMs(): number {
    return this.connection.options.jetStream.duplicateWindowMs;
  }

  override onReady(listener: () => void): () => void {
    this.connection.on('connected', listener).on('resumed', listener);
    return () => this.connection.off('connected', listener).off('resumed', listener);
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

  override subscribe(channel: string, handler: BusMessageHandler): BusSubscription {
    const subscription = new PullSubscription(this.connection, channel, handler);
    this.subscriptions.push(subscription);
    if (this.connection.state === 'connected') void subscription.openOn(this.connection.session);
    return subscription;
  }

  private async publishNow(channel: string, payload: string, options: PublishOptions): Promise<PublishAck> {
    if (!CHANNEL.test(channel)) throw new PublishRefusedError(channel, 'not a valid channel name');
    const session = this.connection.session;
    const bytesMax = (session.client.info?.max_payload ?? Infinity) - FRAME_BYTES_MAX;
    const bytes = Buffer.byteLength(payload);
    if (bytes > bytesMax) {
      throw new PublishRefusedError(channel, `${bytes} bytes are over the limit of ${bytesMax}`);
    }
    const stream = await this.streamOf(session, channel);
    // Nothing was sent so far, and the connection may have broken meanwhile.
    if (this.connection.session !== session) throw new NatsNotConnectedError(this.connection.state);
    try {
      const acknowledged = session.jetStream.publish(
        this.connection.options.channelPrefix + channel,
        payload,
        {
          timeout: this.connection.options.ackTimeoutMs,
          // Not into a stream of somebody else's that takes this subject too.
          expect: { streamName: stream },
          ...(options.messageId === undefined ? {} : { msgID: options.messageId }),
        },
      );
      announce('nats.publish.called', { channel, payload });
      if (isObserved('nats.publish.sent')) {
        session.whenSent(() => announce('nats.publish.sent', { channel, payload }));
      }
      const ack = await acknowledged;
      return { guid: `${ack.stream}:${ack.seq}`, duplicate: ack.duplicate, sequence: ack.seq };
    } catch (error) {
      throw this.publishErrorOf(session, channel, error);
    }
  }

  private async streamOf(session: JetStreamSession, channel: string): Promise<string> {
    try {
      return await session.streamOf(channel);
    } catch (error) {
      throw new PublishRefusedError(channel, toError(error).message, true, { cause: error });
    }
  }

  /** An acknowledgement of JetStream's is the truth, and so is its refusal; silence is neither. */
  private publishErrorOf(session: JetStreamSession, channel: string, error: unknown): Error {
    const { message } = toError(error);
    const options = { cause: error };
    if (isJetStreamMissing(error)) {
      // "No responders": no server takes the subject, as after a restart without its store.
      session.forgetStreams();
      return new PublishRefusedError(channel, 'no stream takes it', true, options);
    }
    const refused =
      (error instanceof JetStreamApiError && error.status < SERVER_FAULT) ||
      error instanceof errors.InvalidArgumentError ||
      error instanceof errors.PermissionViolationError ||
      (error instanceof errors.RequestError && error.cause instanceof errors.PermissionViolationError);
    return refused
      ? new PublishRefusedError(channel, message, false, options)
      : new PublishUnknownError(channel, message, options);
  }
}
