import { EventEmitter } from 'node:events';
import { Logger } from '@nestjs/common';
import type { NatsConnectionEvents } from './connection-events.js';
import { announce } from './diagnostics.js';
import { NatsConnectAbortedError, NatsNotConnectedError } from './nats.errors.js';
import type { DriverOptions } from './driver.options.js';
import type { NatsOptions } from './nats.options.js';
import { targetOf, targetText } from './target.js';

/** See the table above {@link SessionKeeper}. */
export type NatsConnectionState =
  'idle' | 'connecting' | 'connected' | 'interrupted' | 'lost' | 'closing' | 'closed';

/**
 * The state machine of a connection, whichever driver runs. It keeps **one session at a time**, which is what the
 * driver opens (a client), and can replace it.
 *
 * | state       | means                                              | leaves it                                     |
 * |-------------|----------------------------------------------------|-----------------------------------------------|
 * | idle        | never connected, or the last attempt failed        | `connect()` → connecting; no hope → lost      |
 * | connecting  | an attempt is under way; no session                | success → connected, failure → idle           |
 * | connected   | the session may be used                            | TCP drops → interrupted; session ends → lost  |
 * | interrupted | TCP is down; the session tries to resume           | resumed → connected; `resumeTimeoutMs` → lost |
 * | lost        | the session is discarded, nothing of it is pending | `reconnect`: → connecting; `exit`: → closing  |
 * | closing     | `close()` was called, in whichever state           | the server is told, or time is up → closed    |
 * | closed      | no session, no timer                               | nothing                                       |
 *
 * Only `connected` gives the session away: what is published while TCP is down would wait in the client's
 * buffer, and be lost there or arrive later, and nobody could know which.
 */
export abstract class SessionKeeper<Session, Driver extends DriverOptions> extends EventEmitter<
  NatsConnectionEvents<Session>
> {
  protected readonly logger = new Logger('Nats');
  protected readonly stopping = new AbortController();
  private current: NatsConnectionState = 'idle';
  private kept: Session | undefined;
  private attempt: Promise<void> | undefined;
  private resumeTimer: NodeJS.Timeout | undefined;
  private closed: Promise<void> | undefined;
  private interruptedAt: Date | undefined;

  constructor(readonly options: NatsOptions<Driver>) {
    super();
  }

  /** Settles within `connectTimeoutMs`, with a NatsConnectError where the broker is to blame. */
  protected abstract openSession(): Promise<Session>;
  /** Listens to a session from now on, to call {@link interrupt}, {@link resume} and {@link end}. */
  protected abstract watchSession(session: Session): void;
  /** Ends a session when the server was told, or after `connectTimeoutMs`. */
  protected abstract closeSession(session: Session): Promise<void>;
  /** Ends a session at once: nothing that it still buffers is sent. */
  protected abstract discardSession(session: Session): void;
  /** What follows on a loss, in words for the log. */
  protected abstract nextStep(): string;
  /** Sees to a new session where one is wanted. */
  protected abstract replace(): void;

  get state(): NatsConnectionState {
    return this.current;
  }

  /** Since when there is no usable connection; undefined while there is one, and before the first. */
  get lostSince(): Date | undefined {
    return this.interruptedAt;
  }

  /** @throws NatsNotConnectedError unless the state is `connected` */
  get session(): Session {
    if (this.current !== 'connected' || !this.kept) throw new NatsNotConnectedError(this.current);
    return this.kept;
  }

  /** Whether a session is the one in use, interrupted or not. */
  serves(session: Session): boolean {
    return this.kept === session;
  }

  /** Whether a session is the one in use, and may be used now. */
  isUp(session: Session): boolean {
    return this.current === 'connected' && this.serves(session);
  }

  /**
   * One attempt to connect. While it is under way, and once it succeeded, every call gets the same promise.
   *
   * @throws NatsConnectError within `connectTimeoutMs`; afterwards it may be called again
   * @throws JetStreamConfigurationError a stream is there, and is not as configured
   */
  connect(): Promise<void> {
    this.attempt ??= this.open().catch((error: unknown) => {
      this.attempt = undefined;
      throw error;
    });
    return this.attempt;
  }

  /** Ends the connection so that the server forgets the client. Safe to call twice, and in any state. */
  close(reason = 'asked to stop'): Promise<void> {
    this.closed ??= this.shut(reason);
    return this.closed;
  }

  /** Gives the session up, whatever it believes itself; the rest is `onConnectionLost`'s business. */
  declareLost(reason: string): void {
    if (this.current !== 'connected' && this.current !== 'interrupted') return;
    this.lose(reason);
    this.replace();
  }

  /** There is no session any more, or none is to be had. */
  protected lose(reason: string): void {
    if (this.stopping.signal.aborted) return;
    const dead = this.letGo();
    this.current = 'lost';
    if (dead) this.discardSession(dead);
    this.interruptedAt ??= new Date();
    this.logger.error(`NATS connection lost (${reason}); ${this.nextStep()}`);
    announce('nats.connection.lost', { connection: this, reason });
    this.emit('lost', reason);
  }

  /** TCP is down, and the session tries to resume. */
  protected interrupt(session: Session): void {
    if (!this.isUp(session)) return;
    this.current = 'interrupted';
    this.interruptedAt = new Date();
    const { resumeTimeoutMs } = this.options;
    this.logger.warn(`NATS connection interrupted; it may resume within ${resumeTimeoutMs} ms`);
    announce('nats.connection.interrupted', { connection: this });
    this.resumeTimer = setTimeout(() => {
      this.declareLost(`not resumed within ${resumeTimeoutMs} ms`);
    }, resumeTimeoutMs);
  }

  /** TCP is back, and the session with it. */
  protected resume(session: Session): void {
    if (this.current !== 'interrupted' || !this.serves(session)) return;
    clearTimeout(this.resumeTimer);
    this.current = 'connected';
    this.interruptedAt = undefined;
    this.logger.log('NATS connection resumed');
    announce('nats.connection.resumed', { connection: this });
    this.emit('resumed');
  }

  /** The session has ended by itself. */
  protected end(session: Session, reason: string): void {
    if (this.serves(session)) this.declareLost(reason);
  }

  private async open(): Promise<void> {
    const target = targetOf(this.options);
    if (this.stopping.signal.aborted) throw new NatsConnectAbortedError('The connection is closed', target);
    const startedAt = performance.now();
    this.current = 'connecting';
    announce('nats.connection.connecting', { connection: this });
    try {
      const session = await this.openSession();
      if (this.stopping.signal.aborted) {
        await this.closeSession(session);
        throw new NatsConnectAbortedError('Closed while connecting', target);
      }
      this.kept = session;
    } catch (error) {
      if (!this.stopping.signal.aborted) this.current = 'idle';
      throw error;
    }
    this.current = 'connected';
    this.interruptedAt = undefined;
    this.watchSession(this.kept);
    const ms = Math.round(performance.now() - startedAt);
    this.logger.log(`Connected to NATS (${targetText(target)} in ${ms} ms)`);
    announce('nats.connection.connected', { connection: this });
    this.emit('connected', this.session);
  }

  /** Forgets the session and stops what waits for it. */
  private letGo(): Session | undefined {
    const { kept } = this;
    this.kept = undefined;
    this.attempt = undefined;
    clearTimeout(this.resumeTimer);
    return kept;
  }

  private async shut(reason: string): Promise<void> {
    const [before, attempt, session] = [this.current, this.attempt, this.letGo()];
    this.stopping.abort();
    this.current = 'closing';
    await attempt?.catch(() => undefined);
    if (session) await (before === 'connected' ? this.closeSession(session) : this.discardSession(session));
    this.current = 'closed';
    this.logger.log(`NATS connection closed (${before === 'lost' ? 'after it was lost' : reason})`);
    announce('nats.connection.closed', { connection: this });
    this.emit('closed');
  }
}
