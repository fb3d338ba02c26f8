import { bigintColumn } from '@app/service';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One of the two lines of a posting. Entries are never changed and never deleted. */
@Entity('entry')
export class Entry {
  /** In the order in which entries were written; drawn by the database. */
  @PrimaryColumn('bigint', { transformer: bigintColumn })
  id!: bigint;

  @Column('uuid', { name: 'posting_id' })
  postingId!: string;

  @Column('uuid', { name: 'account_id' })
  accountId!: string;

  /** In minor units; below zero on the account debited. The entries of a posting sum to zero. */
  @Column('bigint', { name: 'amount_minor', transformer: bigintColumn })
  amountMinor!: bigint;

  @Column('timestamptz', { name: 'posted_at' })
  postedAt!: Date;
}
