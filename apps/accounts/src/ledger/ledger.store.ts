import type { RejectionReason } from '@app/contracts';
import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Account } from '../accounts/account.entity.js';

/** Two entries that sum to zero, and the balances that go with them. */
export interface NewPosting {
  readonly kind: 'transfer' | 'opening_balance';
  readonly transferId: string | null;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

const POST = `
  with posting as (
    insert into posting (id, kind, transfer_id, currency) values ($1, $2, $3, $4)
    returning id, posted_at
  ), leg (account_id, amount_minor) as (
    values ($5::uuid, -$7::bigint), ($6::uuid, $7::bigint)
  ), entry as (
    insert into entry (posting_id, account_id, amount_minor, posted_at)
    select posting.id, leg.account_id, leg.amount_minor, posting.posted_at from posting, leg
  ), balance as (
    update account set balance_minor = balance_minor + leg.amount_minor
    from leg where account.id = leg.account_id
  )
  select posted_at from posting`;

const REJECT = `
  insert into rejection (transfer_id, reason) values ($1, $2)
  returning rejected_at`;

/** The ledger in the database: postings are added, and nothing is changed or taken away. */
@Injectable()
export class LedgerStore {
  /** Locks accounts in the order of their ids, so that two transfers between the same two can't deadlock. */
  async lockAccounts(manager: EntityManager, ids: readonly string[]): Promise<Map<string, Account>> {
    const accounts = await manager.find(Account, {
      where: { id: In([...ids]) },
      order: { id: 'asc' },
      lock: { mode: 'pessimistic_write' },
    });
    return new Map(accounts.map((account) => [account.id, account]));
  }

  /** Writes a posting. Its accounts are locked by the caller. @returns when it was posted */
  async post(manager: EntityManager, posting: NewPosting): Promise<Date> {
    const [row] = await manager.query<[{ posted_at: Date }]>(POST, [
      uuidv7(),
      posting.kind,
      posting.transferId,
      posting.currency,
      posting.debitAccountId,
      posting.creditAccountId,
      posting.amountMinor,
    ]);
    return row.posted_at;
  }

  /** Records that a transfer's money does not move. @returns when it was rejected */
  async reject(manager: EntityManager, transferId: string, reason: RejectionReason): Promise<Date> {
    const [row] = await manager.query<[{ rejected_at: Date }]>(REJECT, [transferId, reason]);
    return row.rejected_at;
  }

  async openAccount(
    manager: EntityManager,
    account: Pick<Account, 'id' | 'owner' | 'currency'>,
  ): Promise<void> {
    await manager.query('insert into account (id, owner, currency) values ($1, $2, $3)', [
      account.id,
      account.owner,
      account.currency,
    ]);
  }

  /** The account that opening balances of a currency come from, locked; made when it is first needed. */
  async lockSystemAccount(manager: EntityManager, currency: string): Promise<string> {
    await manager.query(
      `insert into account (id, owner, currency, kind) values ($1, 'bank', $2, 'system') on conflict do nothing`,
      [uuidv7(), currency],
    );
    const account = await manager.findOneOrFail(Account, {
      where: { currency, kind: 'system' },
      lock: { mode: 'pessimistic_write' },
    });
    return account.id;
  }
}
