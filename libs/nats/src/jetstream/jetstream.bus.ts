import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { announce, isObserved } from '../diagnostics.js';
import { DriverBus } from '../driver-bus.js';
import type { BusMessageHandler, PublishAck, PublishOptions } from '../message-bus.js';
import { NatsNotConnectedError, PublishRefusedError, PublishUnknownError } from '../nats.errors.js';
import { toError } from '../to-error.js';
import { isJetStreamMissing } from './jetstream.errors.js';
import type { JetStreamConnection } from './jetstream-connection.js';
import type { JetStreamSession } from './jetstream-session.js';
import { PullSubscription } from './pull-subscription.js';

/** What the other driver allows, but for the backslash, which no stream name may have. */
const CHANNEL = /^[^\s.*>/\\]+(\.[^\s.*>/\\]+)*$/;
/** Subject, headers and the server's own framing come on top of the payload, in bytes. */
const FRAME_BYTES_MAX = 4_096;
/** From here on an API status is the server's own trouble: in a cluster a replica may have stored the message. */
const SERVER_FAULT = 500;

/** The driver of `MessageBus` for JetStream. */
export class JetStreamBus extends DriverBus<JetStreamSession, JetStreamConnection> {
  override get duplicateWindowMs(): number {
    return this.connection.options.driver.duplicateWindowMs;
  }

  protected override createSubscription(channel: string, handler: BusMessageHandler): PullSubscription {
    return new PullSubscription(this.connection, channel, handler);
  }

  protected override async publishNow(
    channel: string,
    payload: string,
    options: PublishOptions,
  ): Promise<PublishAck> {
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
