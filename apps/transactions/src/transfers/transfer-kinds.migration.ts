import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a transfer was ordered for and by whom; what never changes of it; and the ways in which transfers are listed. */
export class TransferKinds1767312000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // To the millisecond, which is what the event has told accounts of those that are there.
    await queryRunner.query(`
      alter table transfer
        add column kind text not null default 'transfer'
          check (kind in ('transfer', 'deposit', 'withdrawal', 'reversal')),
        add column reversal_of uuid references transfer,
        add column requested_by text,
        add column authority text not null default 'bank' check (authority in ('owner', 'bank')),
        add constraint transfer_reversal_of check ((kind = 'reversal') = (reversal_of is not null)),
        add constraint transfer_amount_max check (amount_minor <= 999999999999999),
        alter column requested_at set default date_trunc('milliseconds', clock_timestamp()),
        alter column requested_at type timestamptz(3) using date_trunc('milliseconds', requested_at)`);
    await this.createIndexes(queryRunner);
    await this.refuseChanges(queryRunner);
    await this.refuseOtherReversals(queryRunner);
  }

  down(): Promise<void> {
    return Promise.reject(
      new Error('Migrations go forward only: this one would drop what transfers are for'),
    );
  }

  private async createIndexes(queryRunner: QueryRunner): Promise<void> {
    // Once: a rejected reversal may be tried again.
    await queryRunner.query(`
      create unique index transfer_reversed_once on transfer (reversal_of)
      where kind = 'reversal' and status <> 'rejected'`);
    await queryRunner.query('create index transfer_debit on transfer (debit_account_id, requested_at, id)');
    await queryRunner.query('create index transfer_credit on transfer (credit_account_id, requested_at, id)');
    await queryRunner.query(`
      create index transfer_requester on transfer (requested_by, requested_at, id)
      where requested_by is not null`);
    await queryRunner.query(`
      create index transfer_pending on transfer (requested_at, id) where status = 'pending'`);
  }

  private async refuseChanges(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create function refuse_transfer_change() returns trigger language plpgsql as $$
      begin
        if tg_op = 'DELETE' then
          raise exception 'transfer % cannot be deleted', old.id using errcode = 'integrity_constraint_violation';
        end if;
        if old.status <> 'pending' then
          raise exception 'transfer % is %, which never changes', old.id, old.status
            using errcode = 'integrity_constraint_violation';
        end if;
        if (to_jsonb(new) - '{status,rejection_reason,settled_at}'::text[])
           <> (to_jsonb(old) - '{status,rejection_reason,settled_at}'::text[]) then
          raise exception 'of transfer % only the outcome may change', old.id
            using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    await queryRunner.query(`
      create trigger transfer_unchanged before update or delete on transfer
      for each row execute function refuse_transfer_change()`);
  }

  private async refuseOtherReversals(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create function refuse_other_reversal() returns trigger language plpgsql as $$
      begin
        if not exists (
          select from transfer as original
          where original.id = new.reversal_of and original.kind <> 'reversal' and original.status = 'posted'
            and original.debit_account_id = new.credit_account_id
            and original.credit_account_id = new.debit_account_id
            and original.amount_minor = new.amount_minor and original.currency = new.currency
        ) then
          raise exception 'transfer % is not the opposite of a posted transfer', new.id
            using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    await queryRunner.query(`
      create trigger transfer_reversal_opposite before insert on transfer
      for each row when (new.kind = 'reversal') execute function refuse_other_reversal()`);
  }
}
