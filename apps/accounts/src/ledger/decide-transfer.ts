import type { RejectionReason } from '@app/contracts';
import type { Account } from '../accounts/account.entity.js';

/** A transfer as it is asked for. */
export interface RequestedTransfer {
  readonly transferId: string;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** What becomes of a transfer. A refusal is a value: it is an answer, not a fault. */
export type TransferDecision =
  { readonly outcome: 'post' } | { readonly outcome: 'reject'; readonly reason: RejectionReason };

/** What the rules look at of an account. */
export type AccountState = Pick<Account, 'kind' | 'currency' | 'balanceMinor'>;

/** The rules. Both accounts must be locked, or the balance may be another one by the time it is used. */
export function decideTransfer(
  { amountMinor, currency }: RequestedTransfer,
  debit: AccountState | undefined,
  credit: AccountState | undefined,
): TransferDecision {
  if (debit?.kind !== 'customer' || credit?.kind !== 'customer') return reject('account_not_found');
  if (debit.currency !== currency || credit.currency !== currency) return reject('currency_mismatch');
  if (debit.balanceMinor < amountMinor) return reject('insufficient_funds');
  return { outcome: 'post' };
}

function reject(reason: RejectionReason): TransferDecision {
  return { outcome: 'reject', reason };
}
