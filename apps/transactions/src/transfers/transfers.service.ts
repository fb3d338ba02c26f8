import { bankEvents, type BankEvents } from '@app/contracts';
import { UnitOfWork } from '@app/outbox';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { IdempotencyKey } from './idempotency-key.js';
import type { Transfer } from './transfer.entity.js';
import type { TransferOrder } from './transfer.schema.js';
import { TransferStore } from './transfer.store.js';
import { idempotencyKeyReused, transferNotFound } from './transfers.errors.js';

/** A recorded transfer; `replayed` when an earlier request under the same key has recorded it. */
export interface RecordedTransfer {
  readonly transfer: Transfer;
  readonly replayed: boolean;
}

/** Records transfers, and tells accounts. It never touches a broker: it emits. */
@Injectable()
export class TransfersService {
  constructor(
    private readonly unitOfWork: UnitOfWork<BankEvents>,
    private readonly transfers: TransferStore,
  ) {}

  /**
   * Records a transfer and emits `transfer.requested`, in one transaction.
   *
   * @throws EventsUnconfirmedError if it is recorded and its event could not be published for certain
   * @throws ProblemException 422 if the key belongs to another request
   */
  order(order: TransferOrder, key: IdempotencyKey): Promise<RecordedTransfer> {
    return this.unitOfWork.run(async ({ manager, emit }) => {
      const transfer = await this.transfers.record(manager, uuidv7(), order, key);
      if (transfer) {
        emit(transferRequested(transfer));
        return { transfer, replayed: false };
      }
      const recorded = await this.transfers.recordedUnder(manager, key);
      if (recorded.fingerprint !== key.fingerprint) throw idempotencyKeyReused();
      return { transfer: recorded.transfer, replayed: true };
    });
  }

  /** @throws ProblemException 404 */
  async get(id: string): Promise<Transfer> {
    const transfer = await this.transfers.find(id);
    if (!transfer) throw transferNotFound(id);
    return transfer;
  }

  latest(): Promise<Transfer[]> {
    return this.transfers.latest();
  }
}

/** The event says what was stored, not what was asked for. */
function transferRequested(transfer: Transfer) {
  return bankEvents.create(
    'transfer.requested',
    {
      transferId: transfer.id,
      debitAccountId: transfer.debitAccountId,
      creditAccountId: transfer.creditAccountId,
      amountMinor: transfer.amountMinor.toString(),
      currency: transfer.currency,
      requestedAt: transfer.requestedAt.toISOString(),
      kind: 'transfer',
      authority: 'bank',
    },
    { subject: transfer.id, time: transfer.requestedAt },
  );
}
