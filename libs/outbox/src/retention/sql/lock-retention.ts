import type { Sql } from '../../schema/tables.js';

/** The first half of the advisory lock: the letters "rete" in ASCII. The other half is the table, for each prefix its own. */
const RETENTION_LOCK = 0x72657465;

const TRY_LOCK = `
  select pg_try_advisory_xact_lock($1, 'outbox_message'::regclass::oid::integer) as locked`;

/** Takes the lock until the transaction ends, unless another instance has it. */
export async function tryLockRetention(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ locked: boolean }[]>(TRY_LOCK, [RETENTION_LOCK]);
  return row?.locked === true;
}

/** @param lockTimeoutMs for every lock that the transaction waits for from now on */
export async function limitLockWait(sql: Sql, lockTimeoutMs: number): Promise<void> {
  await sql.query(`select set_config('lock_timeout', $1, true)`, [`${lockTimeoutMs}ms`]);
}
