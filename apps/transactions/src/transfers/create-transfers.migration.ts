import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTransfers1767225600001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table transfer (
        id uuid primary key,
        debit_account_id uuid not null,
        credit_account_id uuid not null check (credit_account_id <> debit_account_id),
        amount_minor bigint not null check (amount_minor > 0),
        currency char(3) not null,
        status text not null default 'pending' check (status in ('pending', 'posted', 'rejected')),
        rejection_reason text check ((rejection_reason is not null) = (status = 'rejected')),
        requested_at timestamptz not null default clock_timestamp(),
        settled_at timestamptz check ((settled_at is not null) = (status <> 'pending'))
      )`);
    await queryRunner.query('create index transfer_requested on transfer (requested_at, id)');
    // The record is inserted first, to know whether the request is a repeat: hence the deferred reference.
    await queryRunner.query(`
      create table idempotency_record (
        scope text not null,
        key text not null,
        fingerprint text not null,
        transfer_id uuid not null references transfer deferrable initially deferred,
        created_at timestamptz not null default clock_timestamp(),
        primary key (scope, key)
      )`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: this one would drop transfers'));
  }
}
