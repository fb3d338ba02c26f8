import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { IdempotencyKey } from './idempotency-key.js';

/** What was answered, as far as it is answered again. */
export interface RecordedAnswer {
  /** 4xx for a refusal: the body is then a problem document. */
  readonly status: number;
  readonly body: object;
  readonly location?: string;
}

/** The parameters `$1` to `$7` of a statement that begins with {@link RECORD_KEY}. */
export type KeyParameters = readonly [
  scope: string,
  key: string,
  fingerprint: string,
  status: number,
  body: string,
  location: string | null,
  keepHours: number,
];

/**
 * The common table expression `record`: it has one row if the key was free and is now recorded, and none if it has a
 * record that lives. A statement goes on from it, so that the key and what it stands for take one round trip. It must
 * be a later statement than the lock's: only then does it see what the lock's holder of before has committed.
 */
export const RECORD_KEY = `
  record as (
    insert into idempotency_record as existing (scope, key, fingerprint, status, body, location, expires_at)
    values ($1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(hours => $7))
    on conflict (scope, key) do update
    set fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body,
        location = excluded.location, created_at = clock_timestamp(), expires_at = excluded.expires_at
    where existing.expires_at <= clock_timestamp()
    returning 1
  )`;

/**
 * Takes the key until the end of the transaction, or says at once that another has it; and tells the time, which every
 * recorded request needs. Two keys with one hash (one in 2^64) would only be asked to come again.
 */
const LOCK_KEY = `
  select pg_try_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0)) as locked,
         date_trunc('milliseconds', clock_timestamp()) as now`;

const FIND_RECORD = `
  select fingerprint, status, body, location from idempotency_record where scope = $1 and key = $2`;

/** Instances that do so at once each take others. */
const DELETE_EXPIRED = `
  with expired as (
    select scope, key from idempotency_record where expires_at <= clock_timestamp()
    order by expires_at limit $1 for update skip locked
  ), deleted as (
    delete from idempotency_record as record using expired
    where (record.scope, record.key) = (expired.scope, expired.key)
    returning 1
  )
  select count(*)::int as deleted from deleted`;

/** The keys in the database, each with the answer to its first request. */
@Injectable()
export class IdempotencyRecords {
  constructor(private readonly dataSource: DataSource) {}

  /** @returns the database's time, or undefined while another transaction has the key */
  async lock(manager: EntityManager, { scope, key }: IdempotencyKey): Promise<Date | undefined> {
    const [row] = await manager.query<{ locked: boolean; now: Date }[]>(LOCK_KEY, [scope, key]);
    return row?.locked ? row.now : undefined;
  }

  /** What a known key stands for, and what was answered. */
  async find(
    manager: EntityManager,
    { scope, key }: IdempotencyKey,
  ): Promise<{ readonly fingerprint: string; readonly answer: RecordedAnswer }> {
    const [row] = await manager.query<
      { fingerprint: string; status: number; body: string; location: string | null }[]
    >(FIND_RECORD, [scope, key]);
    if (!row) throw new Error('A key that has a record has none: it was deleted while it was locked');
    const { fingerprint, status, body, location } = row;
    const answer = { status, body: JSON.parse(body) as object, ...(location === null ? {} : { location }) };
    return { fingerprint, answer };
  }

  /** @returns how many were deleted, at most as many as were asked for */
  async deleteExpired(batchMax: number): Promise<number> {
    const [row] = await this.dataSource.query<{ deleted: number }[]>(DELETE_EXPIRED, [batchMax]);
    return row?.deleted ?? 0;
  }
}
