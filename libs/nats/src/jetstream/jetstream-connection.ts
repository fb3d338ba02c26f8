import { BrokerConnection } from '../broker-connection.js';
import type { JetStreamOptions } from '../driver.options.js';
import type { NatsOptions } from '../nats.options.js';
import { toError } from '../to-error.js';
import { JetStreamConfigurationError } from './jetstream.errors.js';
import { JetStreamSession } from './jetstream-session.js';

/**
 * The connection to JetStream. The NATS client of today resumes by itself and tells the truth about its publishes;
 * but a session that stays away for longer than `resumeTimeoutMs` is given up all the same, so that an orchestrator
 * learns of it, and so that nothing that the client still buffers arrives later.
 */
export class JetStreamConnection extends BrokerConnection<JetStreamSession, JetStreamOptions> {
  /** @param channels whose streams are created or checked at each connect */
  constructor(
    options: NatsOptions<JetStreamOptions>,
    private readonly channels: readonly string[] = [],
  ) {
    super(options);
  }

  override async roundTripMs(timeoutMs: number): Promise<number | undefined> {
    return this.state === 'connected' ? this.session.roundTripMs(timeoutMs) : undefined;
  }

  protected override openSession(): Promise<JetStreamSession> {
    return JetStreamSession.open(this.options, this.channels);
  }

  protected override watchSession(session: JetStreamSession): void {
    void this.followStatus(session);
    void session.client.closed().then((cause) => {
      this.end(session, cause ? toError(cause).message : 'the client closed');
    });
  }

  protected override closeSession(session: JetStreamSession): Promise<void> {
    return session.close();
  }

  protected override discardSession(session: JetStreamSession): void {
    void session.discard();
  }

  /** A stream or a consumer may be put right while the service runs. */
  protected override reasonToGiveUp(error: unknown): string | undefined {
    return error instanceof JetStreamConfigurationError ? error.message : undefined;
  }

  private async followStatus(session: JetStreamSession): Promise<void> {
    for await (const status of session.client.status()) {
      if (!this.serves(session)) continue;
      if (status.type === 'disconnect') this.interrupt(session);
      else if (status.type === 'reconnect') this.resumeOn(session);
      else if (status.type === 'error') this.logger.error(`NATS client error: ${status.error.message}`);
    }
  }

  /** TCP may have come back to another server of the cluster, or to one with another store. */
  private resumeOn(session: JetStreamSession): void {
    session.forgetStreams();
    this.resume(session);
  }
}
