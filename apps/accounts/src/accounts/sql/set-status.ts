import type { EntityManager } from 'typeorm';
import { ACCOUNT_COLUMNS, accountOf, type Account, type AccountRow, type AccountStatus } from '../account.js';

/** In a query of its own: TypeORM hands the rows of an UPDATE over beside their number. */
const SET_STATUS = `
  with changed as (
    update account set status = $2, version = version + 1 where id = $1 returning *
  )
  select ${ACCOUNT_COLUMNS} from changed`;

/** Changes the status of an account that is locked by the caller. */
export async function setStatus(manager: EntityManager, id: string, status: AccountStatus): Promise<Account> {
  const [row] = await manager.query<[AccountRow]>(SET_STATUS, [id, status]);
  return accountOf(row);
}
