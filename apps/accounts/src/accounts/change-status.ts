import type { Account, AccountStatus } from './account.js';

/** What can be done to an account's status. */
export type StatusChange = 'freeze' | 'unfreeze' | 'close';

/** Why the status of an account stays as it is. */
export type StatusRefusal = 'account-closed' | 'account-frozen' | 'account-not-empty';

/** What becomes of a change; `unchanged` where it is so already. */
export type StatusDecision =
  | { readonly outcome: 'changed'; readonly status: AccountStatus }
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'refused'; readonly problem: StatusRefusal };

/** The rules of an account's life; see {@link AccountStatus}. The account must be locked. */
export function changeStatus(
  change: StatusChange,
  account: Pick<Account, 'status' | 'balanceMinor'>,
): StatusDecision {
  const { status, balanceMinor } = account;
  if (status === STATUS_AFTER[change]) return { outcome: 'unchanged' };
  if (status === 'closed') return { outcome: 'refused', problem: 'account-closed' };
  if (change === 'close' && status === 'frozen') return { outcome: 'refused', problem: 'account-frozen' };
  if (change === 'close' && balanceMinor !== 0n) return { outcome: 'refused', problem: 'account-not-empty' };
  return { outcome: 'changed', status: STATUS_AFTER[change] };
}

const STATUS_AFTER: Record<StatusChange, AccountStatus> = {
  freeze: 'frozen',
  unfreeze: 'active',
  close: 'closed',
};
