import { NatsConnectError, NatsError } from '../nats.errors.js';

/** NATS answered, but JetStream does not: not enabled there, without a leader, or out of resources. */
export class JetStreamUnavailableError extends NatsConnectError {
  readonly code = 'NATS_JETSTREAM_UNAVAILABLE';
}

/**
 * A stream or a consumer exists otherwise than this service is set up, or cannot exist so. Started again it is
 * just as wrong: change the settings, or the stream.
 */
export class JetStreamConfigurationError extends NatsError {
  readonly code = 'NATS_JETSTREAM_CONFIGURATION';

  constructor(
    /** Such as `stream transfer_requested`. */
    readonly resource: string,
    /** One line for each setting: what it is and what it should be. */
    readonly differences: readonly string[],
    options?: ErrorOptions,
  ) {
    super(
      `The JetStream ${resource} is not as configured: ${differences.join('; ')}. ` +
        'Change this service’s settings, or the resource itself with the nats command',
      options,
    );
  }
}

/** Whether the client says that nobody listened to a request of JetStream's. Its class has no public export. */
export function isJetStreamMissing(error: unknown): boolean {
  return error instanceof Error && error.name === 'JetStreamNotEnabled';
}
