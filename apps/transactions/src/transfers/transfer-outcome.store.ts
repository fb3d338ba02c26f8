import { Injectable } from '@nestjs/common';
import type { RejectionReason } from '@app/contracts';
import type { EntityManager } from 'typeorm';
import type { TransferStatus } from './transfer.entity.js';
import { ContradictingOutcomeError, TransferUnknownError } from './transfers.errors.js';

/** How accounts decided. */
export type TransferOutcome =
  | { readonly status: 'posted'; readonly settledAt: string }
  | { readonly status: 'rejected'; readonly reason: RejectionReason; readonly settledAt: string };

/** Settles a transfer that is pending; `status` is as it was when the statement began. */
const SETTLE_TRANSFER = `
  with settled as (
    update transfer set status = $2, rejection_reason = $3, settled_at = $4
    where id = $1 and status = 'pending'
    returning 1
  )
  select transfer.status, exists (select from settled) as settled from transfer where id = $1`;

const FIND_STATUS = 'select status from transfer where id = $1';

/** The outcomes of transfers in the database. */
@Injectable()
export class TransferOutcomeStore {
  /**
   * Applies an outcome; one that stands already changes nothing, whatever its time.
   *
   * @throws TransferUnknownError if there is no such transfer (yet)
   * @throws ContradictingOutcomeError if the opposite stands
   */
  async settle(manager: EntityManager, id: string, outcome: TransferOutcome): Promise<void> {
    const reason = outcome.status === 'rejected' ? outcome.reason : null;
    const [row] = await manager.query<{ status: TransferStatus; settled: boolean }[]>(SETTLE_TRANSFER, [
      id,
      outcome.status,
      reason,
      outcome.settledAt,
    ]);
    if (!row) throw new TransferUnknownError(id);
    if (row.settled) return;
    const standing = row.status === 'pending' ? await this.settledMeanwhile(manager, id) : row.status;
    if (standing !== outcome.status) throw new ContradictingOutcomeError(id, standing, outcome.status);
  }

  /** Another transaction has settled it while the statement waited for its row: a later statement sees how. */
  private async settledMeanwhile(manager: EntityManager, id: string): Promise<TransferStatus> {
    const [row] = await manager.query<[{ status: TransferStatus }]>(FIND_STATUS, [id]);
    return row.status;
  }
}
