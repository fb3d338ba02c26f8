import type { Authority, RejectionReason, TransferKind } from '@app/contracts';
import { bigintColumn } from '@app/service';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Where a transfer stands; it leaves `pending` once, when accounts has decided. */
export const TRANSFER_STATUSES = ['pending', 'posted', 'rejected'] as const;

/** One of {@link TRANSFER_STATUSES}. */
export type TransferStatus = (typeof TRANSFER_STATUSES)[number];

/**
 * An order to move an amount from a debit account to a credit account.
 *
 * Its status is `pending → posted | rejected`. Only the outcome that accounts sends leaves `pending`, however long it
 * takes; nothing leaves the other two. The database refuses every other change of a row.
 */
@Entity('transfer')
export class Transfer {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  kind!: TransferKind;

  /** The transfer that a reversal is the opposite of. */
  @Column('uuid', { name: 'reversal_of', nullable: true })
  reversalOf!: string | null;

  @Column('uuid', { name: 'debit_account_id' })
  debitAccountId!: string;

  @Column('uuid', { name: 'credit_account_id' })
  creditAccountId!: string;

  /** In minor units of the currency. */
  @Column('bigint', { name: 'amount_minor', transformer: bigintColumn })
  amountMinor!: bigint;

  @Column('char', { length: 3 })
  currency!: string;

  /** The caller's subject; null where nobody was asked who they are. */
  @Column('text', { name: 'requested_by', nullable: true })
  requestedBy!: string | null;

  @Column('text')
  authority!: Authority;

  @Column('text')
  status!: TransferStatus;

  @Column('text', { name: 'rejection_reason', nullable: true })
  rejectionReason!: RejectionReason | null;

  /** The database's time, to the millisecond, as the event tells it. */
  @Column('timestamptz', { name: 'requested_at' })
  requestedAt!: Date;

  @Column('timestamptz', { name: 'settled_at', nullable: true })
  settledAt!: Date | null;
}
