import { bigintColumn } from '@app/service';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Where a transfer stands. It leaves `pending` once, when accounts has decided. */
export type TransferStatus = 'pending' | 'posted' | 'rejected';

/** An order to move an amount from a debit account to a credit account. */
@Entity('transfer')
export class Transfer {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'debit_account_id' })
  debitAccountId!: string;

  @Column('uuid', { name: 'credit_account_id' })
  creditAccountId!: string;

  /** In minor units of the currency. */
  @Column('bigint', { name: 'amount_minor', transformer: bigintColumn })
  amountMinor!: bigint;

  @Column('char', { length: 3 })
  currency!: string;

  @Column('text')
  status!: TransferStatus;

  @Column('text', { name: 'rejection_reason', nullable: true })
  rejectionReason!: string | null;

  @Column('timestamptz', { name: 'requested_at' })
  requestedAt!: Date;

  @Column('timestamptz', { name: 'settled_at', nullable: true })
  settledAt!: Date | null;
}
