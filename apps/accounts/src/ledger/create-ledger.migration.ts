import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateLedger1767225600002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table account (
        id uuid primary key,
        owner text not null,
        currency char(3) not null,
        kind text not null default 'customer' check (kind in ('customer', 'system')),
        balance_minor bigint not null default 0 check (kind = 'system' or balance_minor >= 0),
        opened_at timestamptz not null default clock_timestamp()
      )`);
    await queryRunner.query(`
      create unique index account_system on account (currency) where kind = 'system'`);
    await queryRunner.query(`
      create table posting (
        id uuid primary key,
        kind text not null check (kind in ('transfer', 'opening_balance')),
        transfer_id uuid unique check ((transfer_id is not null) = (kind = 'transfer')),
        currency char(3) not null,
        posted_at timestamptz not null default clock_timestamp()
      )`);
    await queryRunner.query(`
      create table entry (
        id bigint generated always as identity primary key,
        posting_id uuid not null references posting,
        account_id uuid not null references account,
        amount_minor bigint not null check (amount_minor <> 0),
        posted_at timestamptz not null,
        unique (posting_id, account_id)
      )`);
    await queryRunner.query('create index entry_of_account on entry (account_id, id)');
    await queryRunner.query(`
      create table rejection (
        transfer_id uuid primary key,
        reason text not null,
        rejected_at timestamptz not null default clock_timestamp()
      )`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: this one would drop the ledger'));
  }
}
