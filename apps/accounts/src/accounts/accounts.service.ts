import type { BankEvents } from '@app/contracts';
import { UnitOfWork } from '@app/outbox';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Entry } from '../ledger/entry.entity.js';
import { LedgerStore } from '../ledger/ledger.store.js';
import { Account } from './account.entity.js';
import type { AccountOpening } from './account.schema.js';
import { accountNotFound } from './accounts.errors.js';

/** How many entries a listing shows. */
const LISTED_MAX = 1_000;

/** Opens accounts and shows them. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly unitOfWork: UnitOfWork<BankEvents>,
    private readonly ledger: LedgerStore,
    private readonly dataSource: DataSource,
  ) {}

  /** Opens an account. Its opening balance is a posting too, from the currency's system account. */
  open(opening: AccountOpening): Promise<Account> {
    return this.unitOfWork.run(async ({ manager }) => {
      const id = uuidv7();
      await this.ledger.openAccount(manager, { id, owner: opening.owner, currency: opening.currency });
      const amountMinor = BigInt(opening.openingBalanceMinor);
      if (amountMinor > 0n) {
        const systemAccountId = await this.ledger.lockSystemAccount(manager, opening.currency);
        await this.ledger.post(manager, {
          kind: 'opening_balance',
          transferId: null,
          debitAccountId: systemAccountId,
          creditAccountId: id,
          amountMinor,
          currency: opening.currency,
        });
      }
      return manager.findOneByOrFail(Account, { id });
    });
  }

  /** @throws ProblemException 404 */
  async get(id: string): Promise<Account> {
    const account = await this.dataSource.manager.findOneBy(Account, { id });
    if (!account) throw accountNotFound(id);
    return account;
  }

  /**
   * The latest entries of an account, the newest first.
   *
   * @throws ProblemException 404
   */
  async entriesOf(id: string): Promise<Entry[]> {
    await this.get(id);
    return this.dataSource.manager.find(Entry, {
      where: { accountId: id },
      order: { id: 'desc' },
      take: LISTED_MAX,
    });
  }
}
