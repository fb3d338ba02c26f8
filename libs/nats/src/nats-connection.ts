import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import type { Stan } from 'node-nats-streaming';
import { backoffMs } from './backoff.js';
import { announce } from './diagnostics.js';
import {
  NatsClientIdTakenError,
  NatsConnectAbortedError,
  NatsConnectError,
  NatsNotConnectedError,
} from './nats.errors.js';
import { redactUrl, type NatsOptions } from './nats.options.js';
import {
  closeClient,
  discardClient,
  openStreamingClient,
  roundTripOf,
  targetOf,
  toError,
} from './streaming-client.js';

/** See the table above {@link NatsConnection}. */
export type NatsConnectionState =
  'idle' | 'connecting' | 'connected' | 'interrupted' | 'lost' | 'closing' | 'closed';

/** What a connection announces. */
export interface NatsConnectionEvents {
  /** A client, the first one or its replacement, is ready: subscribe on it. */
  connected: [client: Stan];
  /** TCP came back in time: the same client goes on, its subscriptions with it. */
  resumed: [];
  /**
   * The client is dead for good, or its id stays taken. Whoever listens decides nothing: `onConnectionLost` did.
   */
  lost: [reason: string];
  closed: [];
}

/** First and longest pause between two attempts to connect, in ms; jittered, see {@link backoffMs}. */
const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 2_000;

/**
 * The one connection to NATS Streaming of this process. It owns **one client at a time** and can replace
 * it, since a client that lost its connection is dead for good.
 *
 * | state       | means                                             | leaves it                                 |
 * |-------------|---------------------------------------------------|-------------------------------------------|
 * | idle        | never connected, or the last attempt failed       | `connect()` → connecting                  |
 * | connecting  | an attempt is under way; no client                | success → connected, failure → idle       |
 * | connected   | the client may be used                            | TCP drops → interrupted; client gives up → lost |
 * | interrupted | TCP is down; the client tries to resume           | resumed → connected; `resumeTimeoutMs` → lost |
 * | lost        | the client is discarded, nothing of it is pending | `reconnect`: → connecting; `exit`: → closing |
 * | closing     | `close()` was called; the server is told          | told, or time is up → closed              |
 * | closed      | no client, no timer                               | nothing                                   |
 *
 * Only `connected` gives the client away: what is published while TCP is down would wait in the client's
 * buffer, and be lost there or arrive later, and nobody could know which.
 */
export class NatsConnection extends EventEmitter<NatsConnectionEvents> {
  private readonly logger = new Logger('Nats');
  private readonly stopping = new AbortController();
  private current: NatsConnectionState = 'idle';
  private stan: Stan | undefined;
  private attempt: Promise<void> | undefined;
  private resumeTimer: NodeJS.Timeout | undefined;
  private closed: Promise<void> | undefined;
  private interruptedAt: Date | undefined;
  private exitArranged = false;

  constructor(readonly options: NatsOptions) {
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
    return this.current === 'connected' && this.stan ? roundTripOf(this.stan, timeoutMs) : undefined;
  }

  /** Shows no secret, whichever way it is printed. */
  override toString(): string {
    const { url, clusterId, clientId } = this.options;
    return `NatsConnection(${this.current} url=${redactUrl(url)} cluster=${clusterId} client=${clientId})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }

  /** @throws NatsNotConnectedError unless the state is `connected` */
  get client(): Stan {
    if (this.current !== 'connected' || !this.stan) throw new NatsNotConnectedError(this.current);
    return this.stan;
  }

  /**
   * One attempt to connect. While it is under way, and once it succeeded, every call gets the same promise.
   *
   * @throws NatsConnectError within `connectTimeoutMs`; afterwards it may be called again
   */
  connect(): Promise<void> {
    this.attempt ??= this.open().catch((error: unknown) => {
      this.attempt = undefined;
      throw error;
    });
    return this.attempt;
  }

  /**
   * Attempts to connect, with pauses that grow, until one succeeds or the connection is closed.
   *
   * @param timeoutMs gives up with the last attempt's error when it has passed; default: never
   * @throws NatsClientIdTakenError when another client has kept the id for `clientIdTimeoutMs`: after a quick
   * restart it is the predecessor's until the server notices that it is gone; longer, it is somebody else's
   */
  async connectWithRetry(timeoutMs = Infinity): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let takenSince: number | undefined;
    let waitingFor: string | undefined;
    for (let failures = 0; ; failures++) {
      try {
        await this.connect();
        return;
      } catch (error) {
        if (!(error instanceof NatsConnectError) || error instanceof NatsConnectAbortedError) throw error;
        const pauseMs = backoffMs(failures, RETRY_FIRST_MS, RETRY_LONGEST_MS);
        const resumesAt = performance.now() + pauseMs;
        if (resumesAt > deadline) throw error;
        takenSince =
          error instanceof NatsClientIdTakenError ? (takenSince ?? resumesAt - pauseMs) : undefined;
        if (resumesAt - (takenSince ?? Infinity) > this.options.clientIdTimeoutMs) throw error;
        if (error.message !== waitingFor) this.logger.warn(`Waiting for NATS: ${error.message}`);
        waitingFor = error.message;
        await delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }

  /** The same, without waiting for it: for a service that is of use while the broker is away. */
  connectInBackground(): void {
    this.connectWithRetry().catch((error: unknown) => {
      if (error instanceof NatsClientIdTakenError) this.loseTo(error);
      else if (!(error instanceof NatsConnectAbortedError)) throw error;
    });
  }

  /** Ends the connection so that the server forgets the client. Safe to call twice, and in any state. */
  close(reason = 'asked to stop'): Promise<void> {
    this.closed ??= this.shut(reason);
    return this.closed;
  }

  /**
   * Gives the client up although it believes that all is well: the server no longer knows it.
   * The rest is as with a connection that was lost.
   */
  declareLost(reason: string): void {
    if (this.current !== 'connected' && this.current !== 'interrupted') return;
    clearTimeout(this.resumeTimer);
    const dead = this.stan;
    this.stan = undefined;
    this.attempt = undefined;
    this.current = 'lost';
    if (dead) discardClient(dead);
    this.lose(reason);
  }

  private loseTo(error: NatsClientIdTakenError): void {
    this.current = 'lost';
    this.lose(`${error.message}; it stays taken: give each running instance an id of its own`);
  }

  private lose(reason: string): void {
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

  private async open(): Promise<void> {
    const target = targetOf(this.options);
    if (this.stopping.signal.aborted) throw new NatsConnectAbortedError('The connection is closed', target);
    const startedAt = performance.now();
    this.current = 'connecting';
    announce('nats.connection.connecting', { connection: this });
    try {
      const client = await openStreamingClient(this.options);
      if (this.stopping.signal.aborted) {
        await closeClient(client, this.options.connectTimeoutMs);
        throw new NatsConnectAbortedError('Closed while connecting', target);
      }
      this.adopt(client);
    } catch (error) {
      if (!this.stopping.signal.aborted) this.current = 'idle';
      throw error;
    }
    this.logger.log(
      `Connected to NATS (url=${target.url} cluster=${target.clusterId} client=${target.clientId} ` +
        `in ${Math.round(performance.now() - startedAt)} ms)`,
    );
    announce('nats.connection.connected', { connection: this });
    this.emit('connected', this.client);
  }

  private adopt(client: Stan): void {
    this.stan = client;
    this.current = 'connected';
    this.interruptedAt = undefined;
    const lost = (reason: string) => {
      if (this.stan === client) this.declareLost(reason);
    };
    client.on('disconnect', () => this.interrupt(client));
    client.on('reconnect', () => this.resume(client));
    client.on('connection_lost', (cause: unknown) => lost(toError(cause).message));
    client.on('close', () => lost('the client closed'));
    client.on('error', (cause: unknown) => this.logger.error(`NATS client error: ${toError(cause).message}`));
  }

  private interrupt(client: Stan): void {
    if (this.stan !== client || this.current !== 'connected') return;
    this.current = 'interrupted';
    this.interruptedAt = new Date();
    this.logger.warn(`NATS connection interrupted; it may resume within ${this.options.resumeTimeoutMs} ms`);
    announce('nats.connection.interrupted', { connection: this });
    this.resumeTimer = setTimeout(() => {
      this.declareLost(`not resumed within ${this.options.resumeTimeoutMs} ms`);
    }, this.options.resumeTimeoutMs);
  }

  private resume(client: Stan): void {
    if (this.stan !== client || this.current !== 'interrupted') return;
    clearTimeout(this.resumeTimer);
    this.current = 'connected';
    this.interruptedAt = undefined;
    this.logger.log('NATS connection resumed');
    announce('nats.connection.resumed', { connection: this });
    this.emit('resumed');
  }

  private async shut(reason: string): Promise<void> {
    const client = this.current === 'connected' ? this.stan : undefined;
    const interrupted = this.stan;
    const wasLost = this.current === 'lost';
    const attempt = this.attempt;
    this.attempt = undefined;
    this.stopping.abort();
    clearTimeout(this.resumeTimer);
    this.current = 'closing';
    this.stan = undefined;
    await attempt?.catch(() => undefined);
    if (client) await closeClient(client, this.options.connectTimeoutMs);
    else if (interrupted) discardClient(interrupted);
    this.current = 'closed';
    this.logger.log(`NATS connection closed (${wasLost ? 'after it was lost' : reason})`);
    announce('nats.connection.closed', { connection: this });
    this.emit('closed');
  }
}
