/** A transfer as `transactions` recorded it. */
export interface RecordedTransfer {
  readonly id: string;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly status: 'pending' | 'posted' | 'rejected';
  readonly requestedAt: Date;
}

/** One line of the ledger; the lines of a posting sum to zero. */
export interface LedgerEntry {
  readonly accountId: string;
  readonly amountMinor: bigint;
}

/** What the ledger of `accounts` did at once. `transferId` is null for an opening balance. */
export interface LedgerPosting {
  readonly id: string;
  readonly transferId: string | null;
  readonly currency: string;
  readonly entries: readonly LedgerEntry[];
  /** By the database's clock, in µs since 1970: what is locked by one key is told apart by it. */
  readonly atMicros: bigint;
}

/** A transfer that `accounts` rejected. */
export interface LedgerRejection {
  readonly transferId: string;
  /** Of rejections from before these were kept: null. */
  readonly debitAccountId: string | null;
  readonly creditAccountId: string | null;
  readonly amountMinor: bigint | null;
  readonly currency: string | null;
  /** As that of a posting. */
  readonly atMicros: bigint;
}

/** An account with the balance that it is said to have. */
export interface LedgerAccount {
  readonly id: string;
  readonly currency: string;
  readonly balanceMinor: bigint;
}

/** The services, and their databases. */
export type Side = 'transactions' | 'accounts';

/** The events between the two services: their types are the names of their channels. */
export const EVENT_TYPES = ['transfer.requested', 'transfer.posted', 'transfer.rejected'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** What of an event says which transfer it is about. */
export interface TransferEvent {
  readonly id: string;
  readonly type: EventType;
  readonly key: string;
  /** Its number within its key; null where it has none, as without an outbox. */
  readonly sequence: bigint | null;
  readonly transferId: string;
  readonly debitAccountId: string;
  readonly creditAccountId: string | null;
  /** Only a request has an amount. */
  readonly amountMinor: bigint | null;
  readonly currency: string | null;
}

/** An event in an outbox. */
export interface OutboxEvent extends TransferEvent {
  /**
   * - `waiting`: the relay is going to publish it.
   * - `settled`: it was published, or so the outbox believes.
   * - `parked`: it was given up, and waits for a human.
   */
  readonly state: 'waiting' | 'settled' | 'parked';
  /** How often it was tried, as counted when it was settled. */
  readonly attempts: number;
}

/** An event that an inbox has recorded as handled. */
export interface InboxRecord {
  readonly source: string;
  readonly eventId: string;
  readonly type: string;
  /** How often it came again. */
  readonly repeats: number;
}

/** A message that a service could not handle. What could not be read of it is null. */
export interface DeadLetter {
  readonly id: string;
  readonly channel: string;
  readonly reason: string;
  readonly deliveries: number;
  /** Of its last delivery. */
  readonly error: string;
  readonly event: TransferEvent | null;
}

/** A key that a client gave, with what was recorded under it. */
export interface IdempotencyRecord {
  readonly key: string;
  /** The status of the answer: 202, or that of a refusal. */
  readonly status: number;
  /** What the answer says was recorded; none for a refusal. */
  readonly transfers: readonly AnsweredTransfer[];
}

/** A transfer in the answer of a request; of a batch's, only the id is there. */
export interface AnsweredTransfer {
  readonly id: string;
  readonly debitAccountId: string | null;
  readonly creditAccountId: string | null;
  readonly amountMinor: bigint | null;
  readonly currency: string | null;
}

/** An event as the broker stores it. */
export interface StoredEvent extends TransferEvent {
  /** The broker's number in its channel. */
  readonly number: number;
}

/** What the broker says. */
export interface Channels {
  /** Every message of the three channels that is an event, in each channel by its number. */
  readonly events: readonly StoredEvent[];
  /**
   * The ids of the events that the broker is still going to deliver: not acknowledged by their subscriber. Absent where
   * nobody can say so; each event then counts as one that may come again.
   */
  readonly undelivered?: ReadonlySet<string>;
}

/** All that the auditor looks at: what was read from the two databases and the broker, and nothing else. */
export interface Books {
  readonly transfers: readonly RecordedTransfer[];
  readonly postings: readonly LedgerPosting[];
  readonly rejections: readonly LedgerRejection[];
  readonly accounts: readonly LedgerAccount[];
  readonly outbox: Readonly<Record<Side, readonly OutboxEvent[]>>;
  readonly inbox: Readonly<Record<Side, readonly InboxRecord[]>>;
  readonly deadLetters: Readonly<Record<Side, readonly DeadLetter[]>>;
  readonly idempotency: readonly IdempotencyRecord[];
  /** Absent: the broker was not asked. */
  readonly channels?: Channels;
}
