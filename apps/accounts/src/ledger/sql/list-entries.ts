import type { TransferKind } from '@app/contracts';
import type { EntityManager } from 'typeorm';

/** One of the two lines of a posting. Entries are never changed and never deleted. */
export interface Entry {
  /** In the order in which the account's entries were written; drawn by the database. */
  readonly id: string;
  readonly postingId: string;
  readonly kind: TransferKind | 'opening_balance';
  readonly transferId: string | null;
  /** In minor units; below zero on the account debited. */
  readonly amountMinor: string;
  /** What the account held after it. */
  readonly balanceAfterMinor: string;
  readonly postedAt: Date;
}

/** Where a listing starts, and how many it takes. */
export interface EntriesSpan {
  /** Only entries before this one. */
  readonly before: string | undefined;
  readonly limit: number;
}

const LIST_ENTRIES = `
  select entry.id, posting_id as "postingId", posting.kind, posting.transfer_id as "transferId",
    entry.amount_minor as "amountMinor", balance_after_minor as "balanceAfterMinor",
    entry.posted_at as "postedAt"
  from entry join posting on posting.id = posting_id
  where account_id = $1 and ($2::bigint is null or entry.id < $2)
  order by entry.id desc
  limit $3`;

/** The entries of an account, the newest first. */
export function listEntries(
  manager: EntityManager,
  accountId: string,
  { before, limit }: EntriesSpan,
): Promise<Entry[]> {
  return manager.query<Entry[]>(LIST_ENTRIES, [accountId, before ?? null, limit]);
}
