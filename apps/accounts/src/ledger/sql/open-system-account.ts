import { systemAccountId } from '@app/contracts';
import type { EntityManager } from 'typeorm';

const OPEN_SYSTEM_ACCOUNT = `
  insert into account (id, owner, currency, kind) values ($1, 'bank', $2, 'system')
  on conflict do nothing`;

/** Makes the bank's own account in a currency unless it is there. @returns its id */
export async function openSystemAccount(manager: EntityManager, currency: string): Promise<string> {
  const id = systemAccountId(currency);
  await manager.query(OPEN_SYSTEM_ACCOUNT, [id, currency]);
  return id;
}
