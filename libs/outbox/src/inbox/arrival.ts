import type { CloudEvent } from '@app/nats';

/** The largest number that PostgreSQL's bigint holds. */
const SEQUENCE_MAX = 2n ** 63n - 1n;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** How far an event's key had come when the event was recorded, itself included. */
export interface KeyProgress {
  readonly firstSequence: bigint;
  readonly lastSequence: bigint;
  /** Numbers between the two that have not come. */
  readonly missing: bigint;
  /** Something is missing since this event came, and was not before. */
  readonly gapOpened: boolean;
}

/** What an event's number says of the order in which the events of its key came. */
export type OrderFinding = 'inbox.out-of-order' | 'inbox.gap-opened' | 'inbox.gap-closed';

/** The event's number within its key; nothing for an event that has none, or one that is no such number. */
export function sequenceOf({ sequence = '' }: CloudEvent): bigint | undefined {
  if (!/^\d{1,19}$/.test(sequence)) return undefined;
  const number = BigInt(sequence);
  return number <= SEQUENCE_MAX ? number : undefined;
}

export function isUuidV7(id: string): boolean {
  return UUID_V7.test(id);
}

/** The milliseconds since 1970 that a UUIDv7 begins with. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}

/** What is to be said of an event that was recorded; in order, without a gap opened or closed: nothing. */
export function findingsOf(sequence: bigint, progress: KeyProgress): OrderFinding[] {
  const late = sequence < progress.lastSequence;
  // The first number that comes opens no gap behind itself, so one before it closes none either.
  const wasMissing = late && sequence > progress.firstSequence;
  const findings: OrderFinding[] = [];
  if (late) findings.push('inbox.out-of-order');
  if (progress.gapOpened) findings.push('inbox.gap-opened');
  if (wasMissing && progress.missing === 0n) findings.push('inbox.gap-closed');
  return findings;
}
