import type { BankEvents } from '@app/contracts';
import { UnitOfWork } from '@app/outbox';
import { isBank, type Caller } from '@app/service';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { BALANCE_MINOR_MAX } from '../ledger/decide-transfer.js';
import { listEntries, type EntriesSpan, type Entry } from '../ledger/sql/list-entries.js';
import { lockAccounts } from '../ledger/sql/lock-accounts.js';
import { openSystemAccount } from '../ledger/sql/open-system-account.js';
import { postTransfer } from '../ledger/sql/post-transfer.js';
import type { Account } from './account.js';
import { accountProblems, problemOf } from './accounts.errors.js';
import { changeStatus, type StatusChange } from './change-status.js';
import { entityTagOf, matchesStrongly } from './entity-tag.js';
import { findAccount } from './sql/find-account.js';
import { listAccounts, type AccountsSpan } from './sql/list-accounts.js';
import { openAccount } from './sql/open-account.js';
import { setStatus } from './sql/set-status.js';

/** An account to open. */
export interface NewAccount {
  readonly owner: string;
  readonly currency: string;
  readonly openingBalanceMinor: bigint;
}

/** Opens accounts, shows them to whom they belong, and changes their status. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly unitOfWork: UnitOfWork<BankEvents>,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Opens an account. Its opening balance is a posting too, from the currency's system account.
   *
   * @throws ProblemException 409 if the currency has no more to give; 503 if it may be open
   */
  open(account: NewAccount): Promise<Account> {
    return this.change(async (manager) => {
      const opened = await openAccount(manager, account);
      if (account.openingBalanceMinor === 0n) return opened;
      await this.endow(manager, opened, account.openingBalanceMinor);
      return (await findAccount(manager, opened.id)) as Account;
    });
  }

  /** @throws ProblemException 404, also for an account that is not the caller's */
  async get(caller: Caller, id: string): Promise<Account> {
    return visible(caller, id, await findAccount(this.dataSource.manager, id));
  }

  list(span: AccountsSpan): Promise<Account[]> {
    return listAccounts(this.dataSource.manager, span);
  }

  /**
   * The entries of an account, the newest first.
   *
   * @throws ProblemException 404, also for an account that is not the caller's
   */
  async entriesOf(caller: Caller, id: string, span: EntriesSpan): Promise<Entry[]> {
    await this.get(caller, id);
    return listEntries(this.dataSource.manager, id, span);
  }

  /**
   * Freezes, unfreezes or closes a customer's account; one that is so already stays as it is.
   *
   * @param ifMatch the `If-Match` of the request
   * @throws ProblemException 404, also for an account that is not the caller's; 409 if its state forbids it; 412 if it
   * has another version; 503 if it may be changed
   */
  changeStatus(
    caller: Caller,
    id: string,
    { change, ifMatch }: { readonly change: StatusChange; readonly ifMatch?: string | undefined },
  ): Promise<Account> {
    return this.change(async (manager) => {
      const { accounts } = await lockAccounts(manager, [id]);
      const account = visible(caller, id, accounts.get(id));
      if (account.kind === 'system') throw accountProblems.of('account-not-found', { accountId: id });
      if (ifMatch !== undefined && !matchesStrongly(ifMatch, entityTagOf(account))) {
        throw accountProblems.of('version-mismatch', { accountId: id });
      }
      const decision = changeStatus(change, account);
      if (decision.outcome === 'refused') throw accountProblems.of(decision.problem, { accountId: id });
      return decision.outcome === 'changed' ? setStatus(manager, id, decision.status) : account;
    });
  }

  private async change<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    try {
      return await this.unitOfWork.run(({ manager }) => work(manager));
    } catch (error) {
      throw problemOf(error);
    }
  }

  /** The new account is nobody else's yet: only the system account is to be locked. */
  private async endow(manager: EntityManager, account: Account, amountMinor: bigint): Promise<void> {
    const { currency } = account;
    const systemAccountId = await openSystemAccount(manager, currency);
    const { accounts } = await lockAccounts(manager, [systemAccountId]);
    const { balanceMinor } = accounts.get(systemAccountId) as Account;
    if (balanceMinor - amountMinor < -BALANCE_MINOR_MAX) {
      throw accountProblems.of('currency-exhausted', { currency });
    }
    await postTransfer(manager, {
      kind: 'opening_balance',
      transferId: null,
      requestedAt: null,
      debitAccountId: systemAccountId,
      creditAccountId: account.id,
      amountMinor,
      currency,
    });
  }
}

/** What belongs to another is answered as what does not exist; the bank's own accounts are the bank's to see. */
function visible(caller: Caller, id: string, account: Account | undefined): Account {
  const own = account?.kind === 'customer' && account.owner === caller.subject;
  if (!account || !(own || isBank(caller))) throw accountProblems.of('account-not-found', { accountId: id });
  return account;
}
