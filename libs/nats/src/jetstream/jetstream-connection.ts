import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import type { NatsConnection as NatsClient } from '@nats-io/transport-node';
import { backoffMs } from '../backoff.js';
import type { BrokerConnection } from '../broker-connection.js';
import { announce } from '../diagnostics.js';
import type { NatsConnectionState } from '../nats-connection.js';
import { NatsConnectAbortedError, NatsConnectError, NatsNotConnectedError } from '../nats.errors.js';
import { redactUrl, type NatsOptions } from '../nats.options.js';
import { targetOf, toError } from '../streaming-client.js';
import { JetStreamConfigurationError } from './jetstream.errors.js';
import { JetStreamSession } from './jetstream-session.js';

/** What a connection announces; the same as `NatsConnection` does. */
export interface JetStreamConnectionEvents {
  /** A session, the first one or its replacement, is ready: subscribe on it. */
  connected: [session: JetStreamSession];
  /** TCP came back in time, to this server or to another of its cluster. */
  resumed: [];
  /** The session is given up. */
  lost: [reason: string];
  closed: [];
}

/** First and longest pause between two attempts to connect, in ms; jittered, see {@link backoffMs}. */
const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 2_000;

/**
 * The one connection to JetStream of this process, in the states of `NatsConnection` and under the same policy.
 * The NATS client of today resumes by itself and tells the truth about its publishes, so this class needs less
 * caution than that one; but a session that stays away for longer than `resumeTimeoutMs` is given up all the
 * same, so that an orchestrator learns of it, and so that nothing that the client still buffers arrives later.
 *
 * | state       | means                                             | leaves it                                       |
 * |-------------|---------------------------------------------------|-------------------------------------------------|
 * | idle        | never connected, or the last attempt failed       | `connect()` → connecting                        |
 * | connecting  | an attempt is under way; streams are checked      | success → connected, failure → idle             |
 * | connected   | the session may be used                           | TCP drops → interrupted; client closes → lost   |
 * | interrupted | TCP is down; the client tries to resume           | resumed → connected; `resumeTimeoutMs` → lost   |
 * | lost        | the session is discarded, nothing of it is pending | `reconnect`: → connecting; `exit`: → closing   |
 * | closing     | `close()` was called; what is written is flushed  | flushed, or time is up → closed                 |
 * | closed      | no session, no timer                              | nothing                                         |
 */
export class JetStreamConnection extends EventEmitter<JetStreamConnectionEvents> implements BrokerConnection {
  private readonly logger = new Logger('Nats');
  private readonly stopping = new AbortController();
  private current: NatsConnectionState = 'idle';
  private open: JetStreamSession | undefined;
  private attempt: Promise<void> | undefined;
  private resumeTimer: NodeJS.Timeout | undefined;
  private closed: Promise<void> | undefined;
  private interruptedAt: Date | undefined;
  private exitArranged = false;

  /** @param channels whose streams are created or checked at each connect */
  constructor(
    readonly options: NatsOptions,
    private readonly channels: readonly string[] = [],
  ) {
    super();
  }

  get state(): NatsConnectionState {
    return this.current;
  }

  /** Since when there is no usable connection; undefined while there is one, and before the first. */
  get lostSince(): Date | undefined {
    return this.interruptedAt;
  }

  /** Whether somebody ends the process when the connection is lost; see {@link arrangeExit}. */
  get exitIsArranged(): boolean {
    return this.exitArranged;
  }

  /** With `onConnectionLost: 'exit'`: says that the caller ends the process at `lost`. `ServiceProcess` does. */
  arrangeExit(): void {
    this.exitArranged = true;
  }

  /** Asks the server for a sign of life; undefined when there is no connection, or none came within `timeoutMs`. */
  async roundTripMs(timeoutMs: number): Promise<number | undefined> {
    return this.current === 'connected' ? this.open?.roundTripMs(timeoutMs) : undefined;
  }

  /** Shows no secret, whichever way it is printed. */
  override toString(): string {
    const { url, clientId } = this.options;
    return `JetStreamConnection(${this.current} url=${redactUrl(url)} client=${clientId})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }

  /** @throws NatsNotConnectedError unless the state is `connected` */
  get session(): JetStreamSession {
    if (this.current !== 'connected' || !this.open) throw new NatsNotConnectedError(this.current);
    return this.open;
  }

  /** Whether a session is the one in use, interrupted or not. */
  serves(session: JetStreamSession): boolean {
    return this.open === session;
  }

  /**
   * One attempt to connect. While it is under way, and once it succeeded, every call gets the same promise.
   *
   * @throws NatsConnectError within `connectTimeoutMs`; afterwards it may be called again
   * @throws JetStreamConfigurationError a stream is there, and is not as configured
   */
  connect(): Promise<void> {
    this.attempt ??= this.start().catch((error: unknown) => {
      this.attempt = undefined;
      throw error;
    });
    return this.attempt;
  }

  /**
   * Attempts to connect, with pauses that grow, until one succeeds or the connection is closed. A wrong
   * configuration is not waited out.
   *
   * @param timeoutMs gives up with the last attempt's error when it has passed; default: never
   */
  async connectWithRetry(timeoutMs = Infinity): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (let failures = 0; ; failures++) {
      try {
        await this.connect();
        return;
      } catch (error) {
        if (!(error instanceof NatsConnectError) || error instanceof NatsConnectAbortedError) throw error;
        const pauseMs = backoffMs(failures, RETRY_FIRST_MS, RETRY_LONGEST_MS);
        if (performance.now() + pauseMs > deadline) throw error;
        if (failures === 0) this.logger.warn(`Waiting for NATS: ${error.message}`);
        await this.pause(pauseMs);
      }
    }
  }

  /** The same, without waiting for it: for a service that is of use while the broker is away. */
  connectInBackground(): void {
    this.connectWithRetry().catch(async (error: unknown) => {
      if (error instanceof NatsConnectAbortedError) return;
      if (!(error instanceof JetStreamConfigurationError)) throw error;
      // The resource may be put right while the service runs; until then it is looked at from time to time.
      if (this.options.onConnectionLost === 'reconnect') await this.pause(RETRY_LONGEST_MS);
      this.lose(error.message);
    });
  }

  /** Ends the connection when what is written has reached the server. Safe to call twice, and in any state. */
  close(reason = 'asked to stop'): Promise<void> {
    this.closed ??= this.shut(reason);
    return this.closed;
  }

  /** Gives the session up; the rest is `onConnectionLost`'s business. */
  declareLost(reason: string): void {
    if (this.current !== 'connected' && this.current !== 'interrupted') return;
    clearTimeout(this.resumeTimer);
    const dead = this.open;
    this.open = undefined;
    this.attempt = undefined;
    void dead?.discard();
    this.lose(reason);
  }

  private lose(reason: string): void {
    if (this.stopping.signal.aborted) return;
    this.current = 'lost';
    this.interruptedAt ??= new Date();
    this.logger.error(`NATS connection lost (${reason}); ${this.nextStep()}`);
    announce('nats.connection.lost', { connection: this, reason });
    this.emit('lost', reason);
    if (this.options.onConnectionLost === 'reconnect') this.connectInBackground();
  }

  private nextStep(): string {
    if (this.options.onConnectionLost === 'reconnect') return 'a new client will connect';
    return this.exitArranged ? 'the process will exit' : 'this process stays, without a connection';
  }

  private async start(): Promise<void> {
    const target = targetOf(this.options);
    if (this.stopping.signal.aborted) throw new NatsConnectAbortedError('The connection is closed', target);
    const startedAt = performance.now();
    this.current = 'connecting';
    announce('nats.connection.connecting', { connection: this });
    try {
      const session = await JetStreamSession.open(this.options, this.channels);
      if (this.stopping.signal.aborted) {
        await session.close();
        throw new NatsConnectAbortedError('Closed while connecting', target);
      }
      this.adopt(session);
    } catch (error) {
      if (!this.stopping.signal.aborted) this.current = 'idle';
      throw error;
    }
    this.logger.log(
      `Connected to NATS (url=${target.url} driver=jetstream client=${target.clientId} ` +
        `in ${Math.round(performance.now() - startedAt)} ms)`,
    );
    announce('nats.connection.connected', { connection: this });
    this.emit('connected', this.session);
  }

  private adopt(session: JetStreamSession): void {
    this.open = session;
    this.current = 'connected';
    this.interruptedAt = undefined;
    void this.watch(session, session.client);
    void session.client.closed().then((cause) => {
      if (this.serves(session)) this.declareLost(cause ? toError(cause).message : 'the client closed');
    });
  }

  private async watch(session: JetStreamSession, client: NatsClient): Promise<void> {
    for await (const status of client.status()) {
      if (!this.serves(session)) continue;
      if (status.type === 'disconnect') this.interrupt();
      else if (status.type === 'reconnect') this.resume(session);
      else if (status.type === 'error') this.logger.error(`NATS client error: ${status.error.message}`);
    }
  }

  private interrupt(): void {
    if (this.current !== 'connected') return;
    this.current = 'interrupted';
    this.interruptedAt = new Date();
    const { resumeTimeoutMs } = this.options;
    this.logger.warn(`NATS connection interrupted; it may resume within ${resumeTimeoutMs} ms`);
    announce('nats.connection.interrupted', { connection: this });
    this.resumeTimer = setTimeout(() => {
      this.declareLost(`not resumed within ${resumeTimeoutMs} ms`);
    }, resumeTimeoutMs);
  }

  private resume(session: JetStreamSession): void {
    if (this.current !== 'interrupted') return;
    clearTimeout(this.resumeTimer);
    this.current = 'connected';
    this.interruptedAt = undefined;
    session.forgetStreams();
    this.logger.log('NATS connection resumed');
    announce('nats.connection.resumed', { connection: this });
    this.emit('resumed');
  }

  private pause(pauseMs: number): Promise<void> {
    return delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  private async shut(reason: string): Promise<void> {
    const session = this.open;
    const wasConnected = this.current === 'connected';
    const wasLost = this.current === 'lost';
    const attempt = this.attempt;
    this.attempt = undefined;
    this.stopping.abort();
    clearTimeout(this.resumeTimer);
    this.current = 'closing';
    this.open = undefined;
    await attempt?.catch(() => undefined);
    await (wasConnected ? session?.close() : session?.discard());
    this.current = 'closed';
    this.logger.log(`NATS connection closed (${wasLost ? 'after it was lost' : reason})`);
    announce('nats.connection.closed', { connection: this });
    this.emit('closed');
  }
}
