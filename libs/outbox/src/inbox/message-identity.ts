import { createHash } from 'node:crypto';
import type { BusMessage } from '@app/nats';

/**
 * What tells one message of the broker from every other. Its number in its channel is not enough: a broker that lost
 * its store begins again with 1.
 */
export interface MessageIdentity {
  readonly channel: string;
  readonly sequence: number;
  /** SHA-256 of the payload. */
  readonly digest: Buffer;
}

export function identityOf({ channel, sequence, data }: BusMessage): MessageIdentity {
  return { channel, sequence, digest: createHash('sha256').update(data).digest() };
}
