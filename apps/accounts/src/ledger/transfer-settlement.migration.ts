import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A transfer ends once, either way; and postings know what reconciliation asks for. */
export class TransferSettlement1767225600011 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await extendPosting(queryRunner);
    await extendRejection(queryRunner);
    await createSettlement(queryRunner);
    await queryRunner.query('alter table entry add column balance_after_minor bigint');
    await queryRunner.query(`
      update entry set balance_after_minor = running.balance
      from (
        select id, sum(amount_minor) over (partition by account_id order by id) as balance from entry
      ) running
      where running.id = entry.id`);
    await queryRunner.query('alter table entry alter column balance_after_minor set not null');
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: this one would forget how transfers ended'));
  }
}

/** Of postings from before, nobody here knows when they were asked for. */
async function extendPosting(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    alter table posting
      drop constraint posting_kind_check,
      drop constraint posting_check,
      add column requested_at timestamptz,
      add column amount_minor bigint,
      add column outcome text not null default 'posted' check (outcome = 'posted'),
      add constraint posting_kind_known
        check (kind in ('transfer', 'deposit', 'withdrawal', 'reversal', 'opening_balance')),
      add constraint posting_transfer_named check ((transfer_id is null) = (kind = 'opening_balance'))`);
  await queryRunner.query(`
    update posting set amount_minor = entry.amount_minor
    from entry where entry.posting_id = posting.id and entry.amount_minor > 0`);
  await queryRunner.query(`
    alter table posting
      alter column amount_minor set not null,
      add constraint posting_amount_positive check (amount_minor > 0)`);
  await queryRunner.query(
    'create index posting_of_span on posting (requested_at) where transfer_id is not null',
  );
}

async function extendRejection(queryRunner: QueryRunner): Promise<void> {
  // A second request of a posted transfer, under an event id of its own, could be rejected: it said what is not so.
  await queryRunner.query(
    'delete from rejection using posting where posting.transfer_id = rejection.transfer_id',
  );
  await queryRunner.query(`
    alter table rejection
      add column requested_at timestamptz,
      add column debit_account_id uuid,
      add column credit_account_id uuid,
      add column amount_minor bigint check (amount_minor > 0),
      add column currency char(3),
      add column outcome text not null default 'rejected' check (outcome = 'rejected')`);
  await queryRunner.query('create index rejection_of_span on rejection (requested_at)');
}

/** Its key is claimed by the first outcome; the other one then finds no settlement to refer to. */
async function createSettlement(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    create table settlement (
      transfer_id uuid primary key,
      outcome text not null check (outcome in ('posted', 'rejected')),
      constraint settlement_outcome unique (transfer_id, outcome)
    )`);
  await queryRunner.query(`
    insert into settlement (transfer_id, outcome)
    select transfer_id, outcome from posting where transfer_id is not null
    union all
    select transfer_id, outcome from rejection`);
  for (const table of ['posting', 'rejection']) {
    await queryRunner.query(`
      alter table ${table} add constraint ${table}_settles
        foreign key (transfer_id, outcome) references settlement (transfer_id, outcome)`);
  }
}
