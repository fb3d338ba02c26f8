import type { Socket } from 'node:net';
import {
  JetStreamApiError,
  jetstreamManager,
  type Consumer,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { connect, errors, type NatsConnection as NatsClient } from '@nats-io/transport-node';
import type { JetStreamOptions } from '../driver.options.js';
import {
  NatsConnectError,
  NatsConnectRefusedError,
  NatsSilentPeerError,
  NatsUnreachableError,
} from '../nats.errors.js';
import type { NatsOptions } from '../nats.options.js';
import { networkErrorOf, tlsHint } from '../network-errors.js';
import { targetOf } from '../target.js';
import { toError } from '../to-error.js';
import { clientOptionsFrom } from './client-options.js';
import { ensureConsumer, ensureStream } from './jetstream-resources.js';
import {
  isJetStreamMissing,
  JetStreamConfigurationError,
  JetStreamUnavailableError,
} from './jetstream.errors.js';
import { settleWithin } from './settle-within.js';

/** One NATS client with its JetStream, from connected to closed; {@link JetStreamConnection} owns one at a time. */
export class JetStreamSession {
  readonly jetStream: JetStreamClient;
  /** Streams that were seen to be as configured, by channel. */
  private readonly streams = new Map<string, Promise<string>>();

  private constructor(
    readonly client: NatsClient,
    private readonly manager: JetStreamManager,
    private readonly options: NatsOptions<JetStreamOptions>,
  ) {
    this.jetStream = manager.jetstream();
  }

  /**
   * Connects, and creates or checks the streams of the given channels. Settles within `connectTimeoutMs`.
   *
   * @throws NatsConnectError one subclass for each cause; what was opened is closed again
   * @throws JetStreamConfigurationError a stream is there, and is not as configured
   */
  static async open(
    options: NatsOptions<JetStreamOptions>,
    channels: readonly string[],
  ): Promise<JetStreamSession> {
    const opening = openSession(options, channels);
    try {
      return await settleWithin(opening, options.connectTimeoutMs, () => silentPeer(options));
    } catch (error) {
      opening.then(
        (late) => void late.discard(),
        () => undefined,
      );
      throw connectErrorOf(error, options);
    }
  }

  static async on(client: NatsClient, options: NatsOptions<JetStreamOptions>): Promise<JetStreamSession> {
    const manager = await jetstreamManager(client, { timeout: options.connectTimeoutMs });
    return new JetStreamSession(client, manager, options);
  }

  /**
   * The stream of a channel, created or checked at the first call.
   *
   * @throws JetStreamConfigurationError
   */
  streamOf(channel: string): Promise<string> {
    const known = this.streams.get(channel);
    if (known) return known;
    const stream = ensureStream(this.manager, channel, this.options);
    this.streams.set(channel, stream);
    stream.catch(() => this.streams.delete(channel));
    return stream;
  }

  /** The durable consumer of this service's queue, created or checked. */
  async consumerOf(channel: string): Promise<Consumer> {
    const stream = await this.streamOf(channel);
    const consumer = await ensureConsumer(this.manager, stream, this.options);
    return this.jetStream.consumers.get(stream, consumer);
  }

  /**
   * Calls back when everything published so far has left the process, and not at all if the connection ends before.
   * The client writes in a microtask; an empty write after it is called back when the operating system has the rest.
   */
  whenSent(sent: () => void): void {
    const socket = socketOf(this.client);
    setImmediate(() => {
      if (!socket || socket.destroyed) return;
      socket.write('', (error) => {
        if (!error) sent();
      });
    });
  }

  /** Trusts no stream any more: the server may be another, with another store. */
  forgetStreams(): void {
    this.streams.clear();
  }

  /** The time to the server and back, in ms; undefined when it did not answer in time. */
  async roundTripMs(timeoutMs: number): Promise<number | undefined> {
    const answered = this.client.rtt();
    return settleWithin(answered, timeoutMs, () => new Error('no answer')).catch(() => undefined);
  }

  /** Lets what is written reach the server, then closes; within `connectTimeoutMs`. */
  async close(): Promise<void> {
    const flushed = this.client.flush();
    await settleWithin(flushed, this.options.connectTimeoutMs, () => new Error('not flushed')).catch(
      () => undefined,
    );
    await this.discard();
  }

  /** Closes at once; what the client still buffers is never sent, and what is pending is rejected. */
  discard(): Promise<void> {
    return this.client.close();
  }
}

/** The client's socket, which its declared type hides; another one after each reconnect. */
function socketOf(client: NatsClient): Socket | undefined {
  return (client as NatsClient & { protocol?: { transport?: { socket?: Socket } } }).protocol?.transport
    ?.socket;
}

async function openSession(
  options: NatsOptions<JetStreamOptions>,
  channels: readonly string[],
): Promise<JetStreamSession> {
  const client = await connect(clientOptionsFrom(options));
  try {
    const session = await JetStreamSession.on(client, options);
    await Promise.all(channels.map((channel) => session.streamOf(channel)));
    return session;
  } catch (error) {
    await client.close();
    throw error;
  }
}

function connectErrorOf(error: unknown, options: NatsOptions): Error {
  if (error instanceof NatsConnectError || error instanceof JetStreamConfigurationError) return error;
  const target = targetOf(options);
  const cause = toError(error);
  const { message } = cause;
  const networkError = networkErrorOf(cause, options);
  if (networkError) return networkError;
  if (error instanceof errors.TimeoutError) return silentPeer(options, { cause });
  if (isJetStreamMissing(error) || error instanceof JetStreamApiError) {
    return new JetStreamUnavailableError(`NATS answered, but JetStream does not: ${message}`, target, {
      cause,
    });
  }
  if (error instanceof errors.AuthorizationError || error instanceof errors.PermissionViolationError) {
    return new NatsConnectRefusedError(`NATS refused the connection: ${message}`, target, { cause });
  }
  return new NatsUnreachableError(`NATS is not reachable: ${message}`, target, { cause });
}

function silentPeer(options: NatsOptions, errorOptions?: ErrorOptions): NatsSilentPeerError {
  const reason = `NATS did not answer within ${options.connectTimeoutMs} ms${tlsHint(options)}`;
  return new NatsSilentPeerError(reason, targetOf(options), errorOptions);
}
