import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CREATE_INBOX } from '../inbox/create-inbox.sql.js';
import { makePartitions } from '../retention/partitions.js';
import { RETENTION_DEFAULTS, type RetentionOptions } from '../retention/retention.options.js';
import { CREATE_OUTBOX } from './create-outbox.sql.js';
import { Tables, type TableNames } from './tables.js';

/** What the tables are made with; the module is given the same. */
export interface OutboxMigrationOptions {
  readonly tables?: TableNames;
  readonly retention?: Partial<RetentionOptions>;
}

/**
 * The migration that makes the tables of outbox and inbox, and the partitions of the first days. List it among the
 * migrations of every database that uses them. `npm run outbox -- sql` prints the same for whoever migrates by hand.
 */
export function outboxMigration(options: OutboxMigrationOptions = {}): new () => MigrationInterface {
  const tables = new Tables(options.tables);
  return class CreateOutbox1767225600000 implements MigrationInterface {
    /** TypeORM takes the name from here, whatever a bundler makes of the class's. */
    readonly name = 'CreateOutbox1767225600000';

    async up(queryRunner: QueryRunner): Promise<void> {
      const sql = tables.on(queryRunner);
      const { schema } = options.tables ?? {};
      if (schema !== undefined) await sql.query(`create schema if not exists "${schema}"`);
      for (const statement of [...CREATE_OUTBOX, ...CREATE_INBOX]) await sql.query(statement);
      await makePartitions(sql, { ...RETENTION_DEFAULTS, ...options.retention });
    }

    /** Migrations go forward only: a dropped outbox would be lost events. */
    down(): Promise<void> {
      return Promise.reject(
        new Error('The outbox is not dropped by a migration: its rows may not be sent yet'),
      );
    }
  };
}
