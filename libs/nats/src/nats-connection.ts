import type { Stan } from 'node-nats-streaming';
import { BrokerConnection } from './broker-connection.js';
import type { StreamingOptions } from './driver.options.js';
import { NatsClientIdTakenError } from './nats.errors.js';
import { closeClient, discardClient, openStreamingClient, roundTripOf } from './streaming-client.js';
import { toError } from './to-error.js';

/**
 * The connection to NATS Streaming. Its session is one client, which must be replaced when it has lost its
 * connection: it is dead for good.
 */
export class NatsConnection extends BrokerConnection<Stan, StreamingOptions> {
  /** @throws NatsNotConnectedError unless the state is `connected` */
  get client(): Stan {
    return this.session;
  }

  override async roundTripMs(timeoutMs: number): Promise<number | undefined> {
    return this.state === 'connected' ? roundTripOf(this.client, timeoutMs) : undefined;
  }

  protected override openSession(): Promise<Stan> {
    return openStreamingClient(this.options);
  }

  protected override watchSession(client: Stan): void {
    client.on('disconnect', () => this.interrupt(client));
    client.on('reconnect', () => this.resume(client));
    client.on('connection_lost', (cause: unknown) => this.end(client, toError(cause).message));
    client.on('close', () => this.end(client, 'the client closed'));
    client.on('error', (cause: unknown) => this.logger.error(`NATS client error: ${toError(cause).message}`));
  }

  protected override closeSession(client: Stan): Promise<void> {
    return closeClient(client, this.options.connectTimeoutMs);
  }

  protected override discardSession(client: Stan): void {
    discardClient(client);
  }

  protected override patienceMs(error: unknown): number {
    return error instanceof NatsClientIdTakenError ? this.options.clientIdTimeoutMs : super.patienceMs(error);
  }

  protected override reasonToGiveUp(error: unknown): string | undefined {
    if (!(error instanceof NatsClientIdTakenError)) return undefined;
    return `${error.message}; it stays taken: give each running instance an id of its own`;
  }
}
