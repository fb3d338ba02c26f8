import type { EntityManager } from 'typeorm';
import { ACCOUNT_COLUMNS, accountOf, type Account, type AccountRow } from '../../accounts/account.js';

const LOCK_ACCOUNTS = `
  select ${ACCOUNT_COLUMNS}, (clock_timestamp() at time zone 'utc')::date::text as today
  from account where id = any($1::uuid[])
  order by id
  for no key update`;

/** Accounts that nobody else changes until the transaction ends. */
export interface LockedAccounts {
  readonly accounts: ReadonlyMap<string, Account>;
  /** The database's UTC day, as 2026-01-31; that of no account is not asked for. */
  readonly today: string;
}

/** Locks accounts in the order of their ids, so that two transfers between the same two can't deadlock. */
export async function lockAccounts(manager: EntityManager, ids: readonly string[]): Promise<LockedAccounts> {
  const rows = await manager.query<(AccountRow & { today: string })[]>(LOCK_ACCOUNTS, [ids]);
  return { accounts: new Map(rows.map((row) => [row.id, accountOf(row)])), today: rows[0]?.today ?? '' };
}
