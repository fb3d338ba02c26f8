import { systemAccountId } from '@app/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { decideTransfer, type RequestedTransfer, type TransferLimits } from './decide-transfer.js';
import { TRANSFER_LIMITS } from './ledger.environment.js';
import { lockAccounts } from './sql/lock-accounts.js';
import { openSystemAccount } from './sql/open-system-account.js';
import { postTransfer } from './sql/post-transfer.js';
import { readSettlement, type Settlement } from './sql/read-settlement.js';
import { rejectTransfer } from './sql/reject-transfer.js';

/** A transfer, and when it was ordered. */
export type TransferToSettle = RequestedTransfer & { readonly requestedAt: string };

/** Ends transfers, each once: postings and rejections are added, and nothing is changed or taken away. */
@Injectable()
export class Ledger {
  constructor(@Inject(TRANSFER_LIMITS) private readonly limits: TransferLimits) {}

  /**
   * Moves the money of a transfer or rejects it, in the caller's transaction.
   *
   * @returns how it ended: now, or before if another request of the same transfer came first
   */
  async settle(manager: EntityManager, transfer: TransferToSettle): Promise<Settlement> {
    return (await this.end(manager, transfer)) ?? readSettlement(manager, transfer.transferId);
  }

  private async end(manager: EntityManager, transfer: TransferToSettle): Promise<Settlement | undefined> {
    const { kind, debitAccountId, creditAccountId, currency } = transfer;
    const ids = [debitAccountId, creditAccountId];
    if (kind !== 'transfer' && ids.includes(systemAccountId(currency))) {
      // Before the locks, or it would be taken out of their order.
      await openSystemAccount(manager, currency);
    }
    const { accounts, today } = await lockAccounts(manager, ids);
    const [debit, credit] = [accounts.get(debitAccountId), accounts.get(creditAccountId)];
    const decision = decideTransfer(transfer, { debit, credit, limits: this.limits, today });
    if (decision.outcome === 'post') {
      const time = await postTransfer(manager, { ...transfer, spending: decision.spending });
      return time && { outcome: 'posted', debitAccountId, creditAccountId, time };
    }
    const { reason } = decision;
    const time = await rejectTransfer(manager, { ...transfer, reason });
    return time && { outcome: 'rejected', reason, debitAccountId, creditAccountId, time };
  }
}
