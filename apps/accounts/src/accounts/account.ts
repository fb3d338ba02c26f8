/** `system` accounts are the bank's own, one for each currency: where deposits come from. Only they may be below zero. */
export type AccountKind = 'customer' | 'system';

/**
 * - `active`: takes and gives. Left by freezing and by closing.
 * - `frozen`: takes, and gives nothing but what the bank reverses. Left by unfreezing.
 * - `closed`: neither; its balance is zero. Never left.
 */
export const ACCOUNT_STATUSES = ['active', 'frozen', 'closed'] as const;

/** One of {@link ACCOUNT_STATUSES}. */
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

/** What has left an account by transfers and withdrawals on one UTC day. */
export interface Spending {
  /** The day, as 2026-01-31. */
  readonly on: string;
  readonly minor: bigint;
}

/** An account and its balance, which always equals the sum of its entries. */
export interface Account {
  readonly id: string;
  /** The subject of the caller whose account it is. */
  readonly owner: string;
  readonly currency: string;
  readonly kind: AccountKind;
  readonly status: AccountStatus;
  /** In minor units of the currency. */
  readonly balanceMinor: bigint;
  /** One more at each change. */
  readonly version: bigint;
  /** Of the last day on which something was spent. */
  readonly spending: Spending | undefined;
  readonly openedAt: Date;
}

/** The columns of {@link AccountRow}. */
export const ACCOUNT_COLUMNS = `
  id, owner, currency, kind, status, balance_minor, version, spent_on::text, spent_minor, opened_at`;

/** An account as the database hands it over. */
export interface AccountRow {
  readonly id: string;
  readonly owner: string;
  readonly currency: string;
  readonly kind: AccountKind;
  readonly status: AccountStatus;
  readonly balance_minor: string;
  readonly version: string;
  readonly spent_on: string | null;
  readonly spent_minor: string;
  readonly opened_at: Date;
}

export function accountOf(row: AccountRow): Account {
  const { id, owner, currency, kind, status } = row;
  return {
    id,
    owner,
    currency,
    kind,
    status,
    balanceMinor: BigInt(row.balance_minor),
    version: BigInt(row.version),
    spending: row.spent_on === null ? undefined : { on: row.spent_on, minor: BigInt(row.spent_minor) },
    openedAt: row.opened_at,
  };
}
