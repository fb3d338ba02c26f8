import { bigintColumn } from '@app/service';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** `system` accounts are where opening balances come from; only they may be below zero. */
export type AccountKind = 'customer' | 'system';

/** An account and its balance, which always equals the sum of its entries. */
@Entity('account')
export class Account {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  owner!: string;

  @Column('char', { length: 3 })
  currency!: string;

  @Column('text')
  kind!: AccountKind;

  /** In minor units of the currency. */
  @Column('bigint', { name: 'balance_minor', transformer: bigintColumn })
  balanceMinor!: bigint;

  @Column('timestamptz', { name: 'opened_at' })
  openedAt!: Date;
}
