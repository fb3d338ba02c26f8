import type { Stan } from 'node-nats-streaming';
import { announce, isObserved } from './diagnostics.js';
import { DriverBus } from './driver-bus.js';
import { DurableSubscription } from './durable-subscription.js';
import type { BusMessageHandler, PublishAck } from './message-bus.js';
import type { NatsConnection } from './nats-connection.js';
import { PublishRefusedError, PublishUnknownError } from './nats.errors.js';
import { whenSent } from './streaming-client.js';
import { toError } from './to-error.js';

/** What the server allows as a channel name (`util/util.go` in its source); spaces are left out on purpose. */
const CHANNEL = /^[^\s.*>/]+(\.[^\s.*>/]+)*$/;
/** The server's default `max_payload` is 1 MiB for payload, ids and channel together. */
const PAYLOAD_BYTES_MAX = 1_048_576 - 4_096;
/** With the channel and the size checked before, it can only mean that the server forgot this client. */
const REGISTRATION_LOST = 'stan: invalid publish request';

/** The driver of `MessageBus` for NATS Streaming. */
export class NatsStreamingBus extends DriverBus<Stan, NatsConnection> {
  protected override createSubscription(channel: string, handler: BusMessageHandler): DurableSubscription {
    return new DurableSubscription(this.connection, channel, handler);
  }

  protected override async publishNow(channel: string, payload: string): Promise<PublishAck> {
    if (!CHANNEL.test(channel)) throw new PublishRefusedError(channel, 'not a valid channel name');
    const bytes = Buffer.byteLength(payload);
    if (bytes > PAYLOAD_BYTES_MAX) {
      throw new PublishRefusedError(channel, `${bytes} bytes are over the limit of ${PAYLOAD_BYTES_MAX}`);
    }
    const client = this.connection.client;
    return new Promise((resolve, reject) => {
      // The client may call back twice; a promise settles once. And when its connection ends for good it calls
      // back *before* it says so, with no error or with the server's last word to the connection: an answer
      // counts only if the connection outlives it.
      const called = (cause: Error | string | undefined, guid: string) => {
        queueMicrotask(() => {
          if (!this.connection.isUp(client)) reject(connectionEnded(channel, cause));
          else if (cause) reject(this.publishErrorOf(channel, cause));
          else resolve({ guid });
        });
      };
      try {
        client.publish(this.connection.options.channelPrefix + channel, payload, called);
        announce('nats.publish.called', { channel, payload });
        if (isObserved('nats.publish.sent')) {
          whenSent(client, () => announce('nats.publish.sent', { channel, payload }));
        }
      } catch (error) {
        reject(new PublishRefusedError(channel, toError(error).message, false, { cause: error }));
      }
    });
  }

  /** The server's refusals arrive as plain strings; an Error is the client's own: time-out, connection closed. */
  private publishErrorOf(channel: string, cause: Error | string): Error {
    if (typeof cause !== 'string') return new PublishUnknownError(channel, cause.message, { cause });
    if (cause !== REGISTRATION_LOST) return new PublishRefusedError(channel, cause);
    // Later, so that the answers that came together with this one still count.
    setImmediate(() => this.connection.declareLost('the server no longer knows this client'));
    return new PublishRefusedError(channel, cause, true);
  }
}

function connectionEnded(channel: string, cause: Error | string | undefined): PublishUnknownError {
  const options = cause ? { cause } : {};
  return new PublishUnknownError(channel, 'the connection ended before an acknowledgement', options);
}
