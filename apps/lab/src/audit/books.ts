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
}

/** An account with the balance that it is said to have. */
export interface LedgerAccount {
  readonly id: string;
  readonly currency: string;
  readonly balanceMinor: bigint;
}

/** All that the auditor looks at: what was read from the two databases, and nothing else. */
export interface Books {
  readonly transfers: readonly RecordedTransfer[];
  /** The transfers for which the outbox of `transactions` has a row, sent or not. */
  readonly transfersInOutbox: ReadonlySet<string>;
  readonly postings: readonly LedgerPosting[];
  /** The transfers that `accounts` rejected. */
  readonly rejections: readonly string[];
  readonly accounts: readonly LedgerAccount[];
}
