import { systemAccountId } from '@app/contracts';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts get a status, a version and their spending of the day; the bank's own get ids that follow from the currency. */
export class AccountStanding1767225600010 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      alter table account
        add column status text not null default 'active',
        add column version bigint not null default 1,
        add column spent_on date,
        add column spent_minor bigint not null default 0,
        add constraint account_status_known check (status in ('active', 'frozen', 'closed')),
        add constraint account_system_active check (kind = 'customer' or status = 'active'),
        add constraint account_closed_empty check (status <> 'closed' or balance_minor = 0),
        add constraint account_spent_not_negative check (spent_minor >= 0),
        add constraint account_balance_range
          check (balance_minor between -999999999999999999 and 999999999999999999)`);
    await queryRunner.query('create index account_of_owner on account (owner, id)');
    await nameSystemAccounts(queryRunner);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: this one would unfreeze accounts'));
  }
}

/** Until now their ids were drawn; from now on the other service names them without asking. */
async function nameSystemAccounts(queryRunner: QueryRunner): Promise<void> {
  const accounts = (await queryRunner.query(
    `select id, currency from account where kind = 'system'`,
  )) as readonly { id: string; currency: string }[];
  await queryRunner.query('alter table entry drop constraint entry_account_id_fkey');
  for (const { id, currency } of accounts) {
    const named = [systemAccountId(currency), id];
    await queryRunner.query('update account set id = $1 where id = $2', named);
    await queryRunner.query('update entry set account_id = $1 where account_id = $2', named);
  }
  await queryRunner.query(
    'alter table entry add constraint entry_account_id_fkey foreign key (account_id) references account',
  );
}
