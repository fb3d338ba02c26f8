import type { EntityManager } from 'typeorm';
import { ACCOUNT_COLUMNS, accountOf, type Account, type AccountRow } from '../account.js';

/** Which accounts are listed. */
export interface AccountsSpan {
  /** Undefined: everybody's. */
  readonly owner: string | undefined;
  /** Only accounts before this one. */
  readonly before: string | undefined;
  readonly limit: number;
}

const LIST_ACCOUNTS = `
  select ${ACCOUNT_COLUMNS} from account
  where kind = 'customer' and ($1::text is null or owner = $1) and ($2::uuid is null or id < $2)
  order by id desc
  limit $3`;

/** Customers' accounts, the newest first: their ids begin with the time. */
export async function listAccounts(
  manager: EntityManager,
  { owner, before, limit }: AccountsSpan,
): Promise<Account[]> {
  const values = [owner ?? null, before ?? null, limit];
  return (await manager.query<AccountRow[]>(LIST_ACCOUNTS, values)).map(accountOf);
}
