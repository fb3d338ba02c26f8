import type { MigrationInterface, QueryRunner } from 'typeorm';

const APPEND_ONLY = `
  create function refuse_change() returns trigger language plpgsql as $$
  begin
    raise exception 'The ledger is append only: % of % is refused', lower(tg_op), tg_table_name
      using errcode = 'restrict_violation', table = tg_table_name;
  end $$`;

/** What an account is, it stays: entries were written by it. And a closed account is not opened again. */
const ACCOUNT_FIXED = `
  create function refuse_account_change() returns trigger language plpgsql as $$
  begin
    if (new.id, new.currency, new.kind) is distinct from (old.id, old.currency, old.kind)
      or (old.status = 'closed' and new.status <> 'closed')
    then
      raise exception 'Account % keeps its id, currency and kind, and stays closed', old.id
        using errcode = 'restrict_violation', constraint = 'account_fixed';
    end if;
    return new;
  end $$`;

const POSTING_BALANCED = `
  create function assert_posting_balanced(checked uuid) returns void language plpgsql as $$
  begin
    if (
      select count(entry.id) = 2 and sum(entry.amount_minor) = 0
        and max(entry.amount_minor) = posting.amount_minor
        and bool_and(account.currency = posting.currency)
      from posting
      left join entry on entry.posting_id = posting.id
      left join account on account.id = entry.account_id
      where posting.id = checked
      group by posting.id
    ) is not true then
      raise exception 'Posting % is not two entries of its amount and currency that sum to zero', checked
        using errcode = 'check_violation', constraint = 'posting_balanced';
    end if;
  end $$`;

/**
 * By the running balances and not by the sum, which would read all entries of the account: each entry continues the one
 * before it, and the account's balance is that of the last.
 */
const ACCOUNT_BALANCED = `
  create function assert_account_balanced(checked uuid) returns void language plpgsql as $$
  begin
    if (
      select account.balance_minor = coalesce((
        select balance_after_minor from entry where account_id = checked order by id desc limit 1
      ), 0)
      from account where account.id = checked
    ) is not true then
      raise exception 'The balance of account % is not that of its entries', checked
        using errcode = 'check_violation', constraint = 'account_balanced';
    end if;
  end $$`;

const POSTING_CHECKED = `
  create function check_posting() returns trigger language plpgsql as $$
  begin
    perform assert_posting_balanced(new.id);
    return null;
  end $$`;

const ENTRY_CHECKED = `
  create function check_entry() returns trigger language plpgsql as $$
  declare
    before bigint := (
      select balance_after_minor from entry
      where account_id = new.account_id and id < new.id order by id desc limit 1);
    next_before bigint := (
      select balance_after_minor - amount_minor from entry
      where account_id = new.account_id and id > new.id order by id limit 1);
  begin
    if new.balance_after_minor <> coalesce(before, 0) + new.amount_minor
      or new.balance_after_minor <> next_before
    then
      raise exception 'Entry % does not continue the running balance of account %', new.id, new.account_id
        using errcode = 'check_violation', constraint = 'entry_running_balance';
    end if;
    perform assert_posting_balanced(new.posting_id);
    perform assert_account_balanced(new.account_id);
    return null;
  end $$`;

const ACCOUNT_CHECKED = `
  create function check_account() returns trigger language plpgsql as $$
  begin
    perform assert_account_balanced(new.id);
    return null;
  end $$`;

/** Which function is run for each row, and upon what; the constraint has its table's name in front. */
const CHECKS = [
  { table: 'posting', upon: 'insert' },
  { table: 'entry', upon: 'insert' },
  { table: 'account', upon: 'insert or update of balance_minor' },
];

/** The database's own view of the rules: whatever the service does wrong, the books stay right. */
export class LedgerGuards1767225600012 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const functions = [APPEND_ONLY, ACCOUNT_FIXED, POSTING_BALANCED, ACCOUNT_BALANCED];
    for (const statement of [...functions, POSTING_CHECKED, ENTRY_CHECKED, ACCOUNT_CHECKED]) {
      await queryRunner.query(statement);
    }
    for (const table of ['posting', 'entry', 'rejection', 'settlement']) {
      await queryRunner.query(`
        create trigger ${table}_append_only before update or delete or truncate on ${table}
        for each statement execute function refuse_change()`);
    }
    await queryRunner.query(`
      create trigger account_fixed before update of id, currency, kind, status on account
      for each row execute function refuse_account_change()`);
    await createChecks(queryRunner);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: this one would leave the books unguarded'));
  }
}

/** At the commit: a posting is complete only with its last entry. */
async function createChecks(queryRunner: QueryRunner): Promise<void> {
  for (const { table, upon } of CHECKS) {
    await queryRunner.query(`
      create constraint trigger ${table}_balanced after ${upon} on ${table} deferrable initially deferred
      for each row execute function check_${table}()`);
  }
}
