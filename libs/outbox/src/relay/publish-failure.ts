import { NatsNotConnectedError, PublishRefusedError } from '@app/nats';

/**
 * Whose a failed publish is.
 *
 * - `message`: the broker refused this one. It is charged.
 * - `outage`: nothing was sent, or the broker does not know this client: no message's fault, and no attempt either.
 * - `unknown`: it may be stored. Repeated under the same id, and charged to nobody.
 */
export type Blame = 'message' | 'outage' | 'unknown';

export function blameFor(error: unknown): Blame {
  if (error instanceof NatsNotConnectedError) return 'outage';
  if (error instanceof PublishRefusedError) return error.registrationLost ? 'outage' : 'message';
  return 'unknown';
}
