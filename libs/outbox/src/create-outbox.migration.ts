import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of outbox and inbox. List it among the migrations of every database that uses them. */
export class CreateOutbox1767225600000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table outbox_key (
        key text primary key,
        last_sequence bigint not null check (last_sequence > 0),
        settled_sequence bigint not null default 0 check (settled_sequence between 0 and last_sequence),
        lease_token uuid,
        available_at timestamptz not null default '-infinity'
      )`);
    // Only keys that have messages waiting are in it, so it stays as small as the backlog.
    await queryRunner.query(`
      create index outbox_key_pending on outbox_key (available_at) where settled_sequence < last_sequence`);
    await queryRunner.query(`
      create table outbox_message (
        id uuid primary key,
        key text not null,
        sequence bigint not null,
        type text not null,
        envelope text not null,
        created_at timestamptz not null default clock_timestamp(),
        attempts integer not null default 0,
        sent_at timestamptz,
        unique (key, sequence)
      )`);
    await queryRunner.query(`
      create table inbox_message (
        source text not null,
        id uuid not null,
        type text not null,
        received_at timestamptz not null default clock_timestamp(),
        repeats integer not null default 0,
        primary key (source, id)
      )`);
  }

  /** Migrations go forward only: a dropped outbox would be lost events. */
  down(): Promise<void> {
    return Promise.reject(
      new Error('The outbox is not dropped by a migration: its rows may not be sent yet'),
    );
  }
}
