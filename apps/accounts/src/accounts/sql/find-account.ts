import type { EntityManager } from 'typeorm';
import { ACCOUNT_COLUMNS, accountOf, type Account, type AccountRow } from '../account.js';

const FIND_ACCOUNT = `select ${ACCOUNT_COLUMNS} from account where id = $1`;

export async function findAccount(manager: EntityManager, id: string): Promise<Account | undefined> {
  const [row] = await manager.query<AccountRow[]>(FIND_ACCOUNT, [id]);
  return row && accountOf(row);
}
