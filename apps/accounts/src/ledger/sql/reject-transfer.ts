import type { RejectionReason } from '@app/contracts';
import type { EntityManager } from 'typeorm';

/** A transfer whose money does not move, ever. */
export interface NewRejection {
  readonly transferId: string;
  readonly reason: RejectionReason;
  /** When the transfer was ordered, as the other service says. */
  readonly requestedAt: string;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

const REJECT = `
  with settlement as (
    insert into settlement (transfer_id, outcome) values ($1, 'rejected')
    on conflict do nothing
    returning transfer_id
  )
  insert into rejection
    (transfer_id, reason, requested_at, debit_account_id, credit_account_id, amount_minor, currency)
  select transfer_id, $2, $3, $4, $5, $6, $7 from settlement
  returning rejected_at`;

/** @returns when it was rejected; undefined if the transfer has ended before, and nothing was written */
export async function rejectTransfer(
  manager: EntityManager,
  rejection: NewRejection,
): Promise<Date | undefined> {
  const rows = await manager.query<{ rejected_at: Date }[]>(REJECT, [
    rejection.transferId,
    rejection.reason,
    rejection.requestedAt,
    rejection.debitAccountId,
    rejection.creditAccountId,
    rejection.amountMinor,
    rejection.currency,
  ]);
  return rows[0]?.rejected_at;
}
