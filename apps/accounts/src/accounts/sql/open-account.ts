import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { ACCOUNT_COLUMNS, accountOf, type Account, type AccountRow } from '../account.js';

const OPEN_ACCOUNT = `
  insert into account (id, owner, currency) values ($1, $2, $3) returning ${ACCOUNT_COLUMNS}`;

/** Opens a customer's account, with nothing on it. */
export async function openAccount(
  manager: EntityManager,
  { owner, currency }: Pick<Account, 'owner' | 'currency'>,
): Promise<Account> {
  const [row] = await manager.query<[AccountRow]>(OPEN_ACCOUNT, [uuidv7(), owner, currency]);
  return accountOf(row);
}
