import type { DeadLetterSummary } from '../inbox/dead-letter.js';

/** How a lane stands: see `outbox_lane`. */
export type LaneState = 'ready' | 'due' | 'leased' | 'blocked';

/** How a message of the outbox stands. */
export type MessageState = 'pending' | 'parked' | 'settled';

/** What a parked message's type says of its key: see `whenPoisoned`. */
type Policy = 'block' | 'park' | 'skip';

/** Some rows of a list. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins, for `after`; absent when this one was not full. */
  readonly next?: string;
}

/** A message that was given up. */
export interface ParkedMessageSummary {
  readonly state: 'parked';
  readonly id: string;
  readonly key: string;
  readonly sequence: bigint;
  readonly type: string;
  readonly policy: Policy;
  readonly attempts: number;
  readonly failures: number;
  readonly error: string;
  readonly createdAt: Date;
  readonly parkedAt: Date;
}

/** A key that waits until its first message is requeued or dropped; the message's members are null if it is gone. */
export interface BlockedKey {
  readonly state: 'blocked';
  readonly key: string;
  readonly blockedAt: Date;
  /** Messages of the key behind the first one. */
  readonly waitingBehind: bigint;
  readonly id: string | null;
  readonly sequence: bigint;
  readonly type: string | null;
  readonly attempts: number | null;
  readonly failures: number | null;
  readonly error: string | null;
}

/** The first waiting message of a key. */
export interface PendingHead {
  readonly state: 'pending';
  readonly id: string;
  readonly key: string;
  readonly sequence: bigint;
  readonly type: string;
  readonly lane: Exclude<LaneState, 'blocked'>;
  readonly attempts: number;
  readonly failures: number;
  readonly error: string | null;
  readonly createdAt: Date;
  /** When it may be tried again; null when that is now. */
  readonly dueAt: Date | null;
}

/** A message that the inbox could not process. */
export interface DeadLetterItem extends DeadLetterSummary {
  readonly state: 'dead';
}

/** A message of the outbox, whole. */
export interface MessageDetails {
  readonly state: MessageState;
  readonly id: string;
  readonly key: string;
  /** Its number within its key; of a message without order it says nothing. */
  readonly sequence: bigint;
  readonly type: string;
  /** As it is published: JSON. */
  readonly envelope: string;
  readonly attempts: number;
  readonly failures: number;
  readonly error: string | null;
  readonly policy: Policy | null;
  readonly createdAt: Date;
  readonly notBefore: Date | null;
  readonly parkedAt: Date | null;
  /** Null when nothing of its key waits. */
  readonly lane: {
    readonly state: LaneState;
    readonly settledSequence: bigint;
    readonly dueAt: Date | null;
  } | null;
}

/** A dead letter, whole. */
export interface DeadLetterDetails extends DeadLetterItem {
  readonly payload: string;
  /** `base64` where the payload is no text. */
  readonly encoding: 'utf8' | 'base64';
}

/** What each list consists of. */
export interface ListItems {
  readonly parked: ParkedMessageSummary;
  readonly blocked: BlockedKey;
  readonly pending: PendingHead;
  readonly dead: DeadLetterItem;
}

/** What can be listed. */
export type ListState = keyof ListItems;
export const LIST_STATES: readonly ListState[] = ['parked', 'blocked', 'dead', 'pending'];
