import { systemAccountId, type RejectionReason } from '@app/contracts';
import { changeStatus, type StatusChange, type StatusRefusal } from '../src/accounts/change-status.js';
import type { AccountKind, AccountStatus, Spending } from '../src/accounts/account.js';
import {
  decideTransfer,
  type RequestedTransfer,
  type TransferLimits,
} from '../src/ledger/decide-transfer.js';

/** An account of the model. */
export interface ModelAccount {
  readonly id: string;
  readonly owner: string;
  readonly kind: AccountKind;
  readonly currency: string;
  status: AccountStatus;
  balanceMinor: bigint;
  version: bigint;
  spending: Spending | undefined;
  readonly entries: bigint[];
}

/** How a transfer of the model ended. */
export type ModelOutcome = 'posted' | RejectionReason;

/** The ledger in memory: the rules, over maps. What it says the real one must say too. */
export class LedgerModel {
  readonly accounts = new Map<string, ModelAccount>();
  readonly outcomes = new Map<string, ModelOutcome>();

  constructor(
    private readonly limits: TransferLimits,
    private readonly today: string,
  ) {}

  open(account: Pick<ModelAccount, 'id' | 'owner' | 'currency'>, openingBalanceMinor: bigint): void {
    this.add({ ...account, kind: 'customer' });
    if (openingBalanceMinor === 0n) return;
    this.addSystemAccount(account.currency);
    this.move(systemAccountId(account.currency), account.id, openingBalanceMinor);
  }

  settle(transfer: RequestedTransfer): ModelOutcome {
    const before = this.outcomes.get(transfer.transferId);
    if (before) return before;
    const { debitAccountId, creditAccountId, currency } = transfer;
    if (
      transfer.kind !== 'transfer' &&
      [debitAccountId, creditAccountId].includes(systemAccountId(currency))
    ) {
      this.addSystemAccount(currency);
    }
    const [debit, credit] = [this.accounts.get(debitAccountId), this.accounts.get(creditAccountId)];
    const terms = { debit, credit, limits: this.limits, today: this.today };
    const decision = decideTransfer(transfer, terms);
    const outcome = decision.outcome === 'post' ? 'posted' : decision.reason;
    this.outcomes.set(transfer.transferId, outcome);
    if (decision.outcome === 'post') {
      this.move(debitAccountId, creditAccountId, transfer.amountMinor);
      debit!.spending = decision.spending ?? debit!.spending;
    }
    return outcome;
  }

  change(change: StatusChange, id: string): AccountStatus | StatusRefusal {
    const account = this.account(id);
    const decision = changeStatus(change, account);
    if (decision.outcome === 'refused') return decision.problem;
    if (decision.outcome === 'changed') {
      account.status = decision.status;
      account.version++;
    }
    return account.status;
  }

  account(id: string): ModelAccount {
    const account = this.accounts.get(id);
    if (!account) throw new Error(`The model has no account ${id}`);
    return account;
  }

  /** What is wrong with the books; nothing ever should be. */
  faults(): string[] {
    const accounts = [...this.accounts.values()];
    const sums = new Map<string, bigint>();
    for (const { currency, balanceMinor } of accounts) {
      sums.set(currency, (sums.get(currency) ?? 0n) + balanceMinor);
    }
    return [
      ...[...sums].filter(([, sum]) => sum !== 0n).map(([currency]) => `${currency} does not sum to zero`),
      ...accounts.flatMap((account) => {
        const { id, kind, status, balanceMinor, entries } = account;
        return [
          ...(kind === 'customer' && balanceMinor < 0n ? [`${id} is below zero`] : []),
          ...(kind === 'system' && balanceMinor > 0n ? [`${id} is above zero`] : []),
          ...(status === 'closed' && balanceMinor !== 0n ? [`${id} is closed and not empty`] : []),
          ...(entries.reduce((sum, entry) => sum + entry, 0n) === balanceMinor
            ? []
            : [`${id} is not the sum of its entries`]),
        ];
      }),
    ];
  }

  private addSystemAccount(currency: string): void {
    const id = systemAccountId(currency);
    if (!this.accounts.has(id)) this.add({ id, owner: 'bank', kind: 'system', currency });
  }

  private add(account: Pick<ModelAccount, 'id' | 'owner' | 'kind' | 'currency'>): void {
    const fresh = { status: 'active', balanceMinor: 0n, version: 1n, spending: undefined } as const;
    this.accounts.set(account.id, { ...account, ...fresh, entries: [] });
  }

  private move(debitAccountId: string, creditAccountId: string, amountMinor: bigint): void {
    for (const [id, minor] of [
      [debitAccountId, -amountMinor],
      [creditAccountId, amountMinor],
    ] as const) {
      const account = this.account(id);
      account.balanceMinor += minor;
      account.version++;
      account.entries.push(minor);
    }
  }
}
