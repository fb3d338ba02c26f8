import type { TransferKind } from '@app/contracts';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Spending } from '../../accounts/account.js';

/** Two entries that sum to zero, and the balances that go with them. */
export interface NewPosting {
  readonly kind: TransferKind | 'opening_balance';
  /** An opening balance has none. */
  readonly transferId: string | null;
  /** When the transfer was ordered, as the other service says. */
  readonly requestedAt: string | null;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  /** What the debit account has spent with it; default: as before. */
  readonly spending?: Spending | undefined;
}

/** Everything hangs on the settlement: where the transfer has ended before, nothing is written and no row comes back. */
const POST = `
  with settlement as (
    insert into settlement (transfer_id, outcome) select $3::uuid, 'posted' where $3::uuid is not null
    on conflict do nothing
    returning transfer_id
  ), posting as (
    insert into posting (id, kind, transfer_id, requested_at, currency, amount_minor)
    select $1::uuid, $2, $3::uuid, $4::timestamptz, $5, $6::bigint
    where $3::uuid is null or exists (select from settlement)
    returning id, posted_at
  ), leg (account_id, amount_minor, spent_on, spent_minor) as (
    values ($7::uuid, -$6::bigint, $9::date, $10::bigint), ($8::uuid, $6::bigint, null, null)
  ), balance as (
    update account set
      balance_minor = balance_minor + leg.amount_minor,
      version = version + 1,
      spent_on = coalesce(leg.spent_on, account.spent_on),
      spent_minor = coalesce(leg.spent_minor, account.spent_minor)
    from leg, posting
    where account.id = leg.account_id
    returning account.id, balance_minor
  ), entry as (
    insert into entry (posting_id, account_id, amount_minor, balance_after_minor, posted_at)
    select posting.id, leg.account_id, leg.amount_minor, balance.balance_minor, posting.posted_at
    from posting, leg left join balance on balance.id = leg.account_id
  )
  select posted_at from posting`;

/**
 * Writes a posting. Its accounts are locked by the caller.
 *
 * @returns when it was posted; undefined if the transfer has ended before, and nothing was written
 */
export async function postTransfer(manager: EntityManager, posting: NewPosting): Promise<Date | undefined> {
  const rows = await manager.query<{ posted_at: Date }[]>(POST, [
    uuidv7(),
    posting.kind,
    posting.transferId,
    posting.requestedAt,
    posting.currency,
    posting.amountMinor,
    posting.debitAccountId,
    posting.creditAccountId,
    posting.spending?.on ?? null,
    posting.spending?.minor ?? null,
  ]);
  return rows[0]?.posted_at;
}
