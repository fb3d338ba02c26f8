import type { Authority, RejectionReason, TransferKind } from '@app/contracts';
import type { Account, AccountKind, Spending } from '../accounts/account.js';

/**
 * How far from zero a balance may be, in minor units: 18 digits, so that the sum of any two still fits the database's
 * eight bytes.
 */
export const BALANCE_MINOR_MAX = 999_999_999_999_999_999n;

/** A transfer as it is asked for. */
export interface RequestedTransfer {
  readonly transferId: string;
  readonly kind: TransferKind;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  /** Whose word it is: an `owner` moves only what is theirs. */
  readonly authority: Authority;
  /** The caller's subject. */
  readonly requestedBy?: string | undefined;
}

/** How much may leave an account, in minor units of whatever currency. */
export interface TransferLimits {
  /** With one transfer or withdrawal. */
  readonly transferMinor: bigint;
  /** With all of a UTC day together; undefined is without end. */
  readonly dailyMinor: bigint | undefined;
}

/** What the rules look at of an account. */
export type AccountState = Pick<
  Account,
  'owner' | 'kind' | 'status' | 'currency' | 'balanceMinor' | 'spending'
>;

/** What a transfer is judged by. */
export interface TransferTerms {
  readonly debit: AccountState | undefined;
  readonly credit: AccountState | undefined;
  readonly limits: TransferLimits;
  /** The UTC day, as 2026-01-31. */
  readonly today: string;
}

/** What becomes of a transfer. A refusal is a value: it is an answer, not a fault. */
export type TransferDecision =
  | {
      readonly outcome: 'post';
      /** What the debit account has spent with it; undefined where that does not change. */
      readonly spending: Spending | undefined;
    }
  | { readonly outcome: 'reject'; readonly reason: RejectionReason };

/**
 * The rules. Both accounts must be locked, or the balance may be another one by the time it is used.
 *
 * Of several reasons the first counts, in the order below; what an account holds is told last. A frozen account lets
 * nothing out, except when the bank reverses what came in; what comes in is taken.
 */
export function decideTransfer(transfer: RequestedTransfer, terms: TransferTerms): TransferDecision {
  const { debit, credit, limits } = terms;
  const { amountMinor, currency } = transfer;
  if (transfer.debitAccountId === transfer.creditAccountId) return reject('same_account');
  if (!debit || !credit || !maySee(transfer, debit) || !KIND_ALLOWS[transfer.kind](debit.kind, credit.kind)) {
    return reject('account_not_found');
  }
  if (debit.status === 'closed' || credit.status === 'closed') return reject('account_closed');
  if (debit.status === 'frozen' && !isForced(transfer)) return reject('account_frozen');
  if (debit.currency !== currency || credit.currency !== currency) return reject('currency_mismatch');
  const spending = SPENDS[transfer.kind] ? spend(debit.spending, terms.today, amountMinor) : undefined;
  if (spending && exceeds(limits, amountMinor, spending)) return reject('limit_exceeded');
  if (debit.kind === 'customer' && debit.balanceMinor < amountMinor) return reject('insufficient_funds');
  if (!fits(debit.balanceMinor - amountMinor) || !fits(credit.balanceMinor + amountMinor)) {
    return reject('limit_exceeded');
  }
  return { outcome: 'post', spending: spending && saturated(spending) };
}

/** Which kinds of account may be on the two sides. */
const KIND_ALLOWS: Record<TransferKind, (debit: AccountKind, credit: AccountKind) => boolean> = {
  transfer: (debit, credit) => debit === 'customer' && credit === 'customer',
  deposit: (debit, credit) => debit === 'system' && credit === 'customer',
  withdrawal: (debit, credit) => debit === 'customer' && credit === 'system',
  reversal: (debit, credit) => debit === 'customer' || credit === 'customer',
};

/** Which kinds count towards the limits of the account debited. */
const SPENDS: Record<TransferKind, boolean> = {
  transfer: true,
  deposit: false,
  withdrawal: true,
  reversal: false,
};

/** Another's account is answered as one that does not exist. */
function maySee({ authority, requestedBy }: RequestedTransfer, debit: AccountState): boolean {
  return authority === 'bank' || (debit.kind === 'customer' && debit.owner === requestedBy);
}

function isForced({ kind, authority }: RequestedTransfer): boolean {
  return kind === 'reversal' && authority === 'bank';
}

/** The later day counts: a transaction that had to wait over midnight may come with the day before. */
function spend(before: Spending | undefined, today: string, amountMinor: bigint): Spending {
  return before && before.on >= today
    ? { on: before.on, minor: before.minor + amountMinor }
    : { on: today, minor: amountMinor };
}

function exceeds(limits: TransferLimits, amountMinor: bigint, spending: Spending): boolean {
  return (
    amountMinor > limits.transferMinor ||
    (limits.dailyMinor !== undefined && spending.minor > limits.dailyMinor)
  );
}

/** Without a daily limit, what goes back and forth all day would outgrow its column. */
function saturated({ on, minor }: Spending): Spending {
  return { on, minor: minor < BALANCE_MINOR_MAX ? minor : BALANCE_MINOR_MAX };
}

function fits(balanceMinor: bigint): boolean {
  return balanceMinor <= BALANCE_MINOR_MAX && balanceMinor >= -BALANCE_MINOR_MAX;
}

function reject(reason: RejectionReason): TransferDecision {
  return { outcome: 'reject', reason };
}
