import { inspect } from 'node:util';
import { NatsConnectAbortedError, NatsConnectError } from './nats.errors.js';
import type { DriverOptions } from './driver.options.js';
import { targetOf, targetText } from './target.js';
import { pause, PAUSE_LONGEST_MS, persist } from './persistence.js';
import { SessionKeeper } from './session-keeper.js';

/**
 * The one connection of this process to its broker, whichever driver runs; it is injected under the token
 * `NatsConnection`. Its states stand above {@link SessionKeeper}; here is what is done when a session cannot be
 * had, or is lost: wait, replace it, or leave it to whoever ends the process.
 */
export abstract class BrokerConnection<
  Session = unknown,
  Driver extends DriverOptions = DriverOptions,
> extends SessionKeeper<Session, Driver> {
  private exitArranged = false;

  /** Asks the server for a sign of life; undefined when there is no connection, or none came within `timeoutMs`. */
  abstract roundTripMs(timeoutMs: number): Promise<number | undefined>;
  /** Why a failure to connect counts as a lost connection; undefined where it must not be got over. */
  protected abstract reasonToGiveUp(error: unknown): string | undefined;

  /** How long one and the same failure to connect is waited out, in ms; 0 for one that time does not heal. */
  protected patienceMs(error: unknown): number {
    return error instanceof NatsConnectError && !(error instanceof NatsConnectAbortedError) ? Infinity : 0;
  }

  /** Whether somebody ends the process when the connection is lost; see {@link arrangeExit}. */
  get exitIsArranged(): boolean {
    return this.exitArranged;
  }

  /** With `onConnectionLost: 'exit'`: says that the caller ends the process at `lost`. `ServiceProcess` does. */
  arrangeExit(): void {
    this.exitArranged = true;
  }

  /**
   * Attempts to connect, with pauses that grow, until one succeeds or the connection is closed.
   *
   * @param timeoutMs gives up with the last attempt's error when it has passed; default: never
   * @throws NatsClientIdTakenError when another client has kept the id for `clientIdTimeoutMs`: after a quick
   * restart it is the predecessor's until the server notices that it is gone; longer, it is somebody else's
   * @throws JetStreamConfigurationError at once: a wrong configuration is not waited out
   */
  connectWithRetry(timeoutMs = Infinity): Promise<void> {
    return persist(() => this.connect(), {
      timeoutMs,
      patienceMs: (error) => this.patienceMs(error),
      onWait: (reason) => this.logger.warn(`Waiting for NATS: ${reason}`),
      signal: this.stopping.signal,
    });
  }

  /** The same, without waiting for it: for a service that is of use while the broker is away. */
  connectInBackground(): void {
    this.connectWithRetry().catch(async (error: unknown) => {
      if (error instanceof NatsConnectAbortedError) return;
      const reason = this.reasonToGiveUp(error);
      if (reason === undefined) throw error;
      this.lose(reason);
      if (!this.reconnects) return;
      // It may be put right while the service runs; until then it is looked at from time to time.
      await pause(PAUSE_LONGEST_MS, this.stopping.signal);
      this.replace();
    });
  }

  /** Shows no secret, whichever way it is printed. */
  override toString(): string {
    return `${this.constructor.name}(${this.state} ${targetText(targetOf(this.options))})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }

  protected override nextStep(): string {
    if (this.reconnects) return 'a new client will connect';
    return this.exitArranged ? 'the process will exit' : 'this process stays, without a connection';
  }

  protected override replace(): void {
    if (this.reconnects) this.connectInBackground();
  }

  private get reconnects(): boolean {
    return this.options.onConnectionLost === 'reconnect';
  }
}
