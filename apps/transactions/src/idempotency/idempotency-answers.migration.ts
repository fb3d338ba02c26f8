import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long the keys of before are kept: the default of those that come. */
const KEEP_HOURS = 24;

/**
 * Keeps the answer itself, where only the transfer was kept: a record then stands for whatever a request has recorded.
 * Records of before get the answer that was given, and the scope of a service whose callers are not asked who they are.
 */
export class IdempotencyAnswers1767312000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('set constraints all immediate');
    await queryRunner.query(`
      alter table idempotency_record
        add column status smallint,
        add column body text,
        add column location text,
        add column expires_at timestamptz`);
    await queryRunner.query(`
      update idempotency_record as record
      set scope = '[null,"POST","/v1/transfers"]',
          status = 202,
          body = json_build_object(
            'id', transfer.id, 'kind', 'transfer', 'debitAccountId', transfer.debit_account_id,
            'creditAccountId', transfer.credit_account_id, 'amountMinor', transfer.amount_minor::text,
            'currency', transfer.currency, 'status', 'pending', 'requestedAt',
            to_char(date_trunc('milliseconds', transfer.requested_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
          )::text,
          location = '/v1/transfers/' || transfer.id,
          expires_at = record.created_at + interval '${KEEP_HOURS} hours'
      from transfer where transfer.id = record.transfer_id`);
    await queryRunner.query(`
      alter table idempotency_record
        alter column status set not null,
        alter column body set not null,
        alter column expires_at set not null,
        drop column transfer_id`);
    await queryRunner.query('create index idempotency_record_expiry on idempotency_record (expires_at)');
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: this one would drop the answers of keys'));
  }
}
