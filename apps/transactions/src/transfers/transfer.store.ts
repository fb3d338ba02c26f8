import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { IdempotencyKey } from './idempotency-key.js';
import { IdempotencyRecord } from './idempotency-record.entity.js';
import type { TransferOrder } from './transfer.schema.js';
import { Transfer } from './transfer.entity.js';

/** How accounts decided. */
export type TransferOutcome =
  | { readonly status: 'posted'; readonly settledAt: string }
  | { readonly status: 'rejected'; readonly reason: string; readonly settledAt: string };

/** How many transfers a listing shows. */
const LISTED_MAX = 100;

/** Records the key and the transfer, or neither if the key is known; one statement on the way of every transfer. */
const RECORD_TRANSFER = `
  with record as (
    insert into idempotency_record (scope, key, fingerprint, transfer_id)
    values ($1, $2, $3, $4)
    on conflict do nothing
    returning transfer_id
  )
  insert into transfer (id, debit_account_id, credit_account_id, amount_minor, currency)
  select transfer_id, $5, $6, $7, $8 from record
  returning id, debit_account_id as "debitAccountId", credit_account_id as "creditAccountId",
            amount_minor as "amountMinor", currency, status, rejection_reason as "rejectionReason",
            requested_at as "requestedAt", settled_at as "settledAt"`;

/** Settles a transfer that is pending; a terminal status never changes. */
const SETTLE_TRANSFER = `
  with settled as (
    update transfer set status = $2, rejection_reason = $3, settled_at = $4
    where id = $1 and status = 'pending'
  )
  select exists (select from transfer where id = $1) as known`;

/** The transfers in the database. */
@Injectable()
export class TransferStore {
  constructor(private readonly dataSource: DataSource) {}

  /** @returns the stored row, or undefined when the key is known already */
  async record(
    manager: EntityManager,
    id: string,
    order: TransferOrder,
    { scope, key, fingerprint }: IdempotencyKey,
  ): Promise<Transfer | undefined> {
    const [row] = await manager.query<(Omit<Transfer, 'amountMinor'> & { amountMinor: string })[]>(
      RECORD_TRANSFER,
      [
        scope,
        key,
        fingerprint,
        id,
        order.debitAccountId,
        order.creditAccountId,
        order.amountMinor,
        order.currency,
      ],
    );
    return row && { ...row, amountMinor: BigInt(row.amountMinor) };
  }

  /** The transfer that a known key has made, with what its request asked for. */
  async recordedUnder(
    manager: EntityManager,
    { scope, key }: IdempotencyKey,
  ): Promise<{ readonly transfer: Transfer; readonly fingerprint: string }> {
    const record = await manager.findOneByOrFail(IdempotencyRecord, { scope, key });
    const transfer = await manager.findOneByOrFail(Transfer, { id: record.transferId });
    return { transfer, fingerprint: record.fingerprint };
  }

  /** @returns false if there is no such transfer */
  async settle(manager: EntityManager, id: string, outcome: TransferOutcome): Promise<boolean> {
    const reason = outcome.status === 'rejected' ? outcome.reason : null;
    const [row] = await manager.query<{ known: boolean }[]>(SETTLE_TRANSFER, [
      id,
      outcome.status,
      reason,
      outcome.settledAt,
    ]);
    return row?.known ?? false;
  }

  find(id: string): Promise<Transfer | null> {
    return this.dataSource.manager.findOneBy(Transfer, { id });
  }

  /** The transfers requested last, the newest first. */
  latest(): Promise<Transfer[]> {
    return this.dataSource.manager.find(Transfer, {
      order: { requestedAt: 'desc', id: 'desc' },
      take: LISTED_MAX,
    });
  }
}
