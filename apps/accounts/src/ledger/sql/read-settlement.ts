import type { RejectionReason } from '@app/contracts';
import type { EntityManager } from 'typeorm';

/** How a transfer has ended. */
export type Settlement = {
  /** Undefined for a rejection from before these were kept. */
  readonly debitAccountId: string | undefined;
  readonly creditAccountId: string | undefined;
  readonly time: Date;
} & ({ readonly outcome: 'posted' } | { readonly outcome: 'rejected'; readonly reason: RejectionReason });

const READ_SETTLEMENT = `
  select coalesce(debit.account_id, rejection.debit_account_id) as debit_account_id,
    coalesce(credit.account_id, rejection.credit_account_id) as credit_account_id,
    coalesce(posting.posted_at, rejection.rejected_at) as time,
    rejection.reason
  from settlement
  left join posting using (transfer_id)
  left join entry as debit on debit.posting_id = posting.id and debit.amount_minor < 0
  left join entry as credit on credit.posting_id = posting.id and credit.amount_minor > 0
  left join rejection using (transfer_id)
  where transfer_id = $1`;

interface SettlementRow {
  readonly debit_account_id: string | null;
  readonly credit_account_id: string | null;
  readonly time: Date;
  readonly reason: RejectionReason | null;
}

/** Reads how a transfer ended that has ended. */
export async function readSettlement(manager: EntityManager, transferId: string): Promise<Settlement> {
  const [row] = await manager.query<[SettlementRow]>(READ_SETTLEMENT, [transferId]);
  const ended = {
    debitAccountId: row.debit_account_id ?? undefined,
    creditAccountId: row.credit_account_id ?? undefined,
    time: row.time,
  };
  return row.reason === null
    ? { ...ended, outcome: 'posted' }
    : { ...ended, outcome: 'rejected', reason: row.reason };
}
