import { QueryFailedError, type DataSource } from 'typeorm';
import type { Sql, Tables } from '../schema/tables.js';
import { startOf, type Day } from './days.js';
import { partitionName, type PartitionedTable } from './partitioned-table.js';
import { hasPendingBefore } from './sql/has-pending-before.js';
import { limitLockWait, tryLockRetention } from './sql/lock-retention.js';

/**
 * SQLSTATEs of a lock that was not given in time, or that two transactions wait for in a circle; and of a table
 * that is not there: another instance was quicker.
 */
const BUSY = new Set(['55P03', '40P01', '42P01']);

/**
 * What became of a partition.
 *
 * - `busy`: somebody reads it, or another instance is at work: to be tried again soon.
 * - `held`: a message that is still to be sent may be in it.
 */
export type DropOutcome = 'dropped' | 'busy' | 'held';

/**
 * Drops one partition, in a transaction of its own, and gives up rather than wait.
 *
 * Dropping wants an ACCESS EXCLUSIVE lock on the parent too, and who waits for that makes every writer wait behind
 * it. So the partition is locked first: a reader that holds it, such as a backup, is met there, where no writer
 * comes. Only then the parent, for at most the same time. `detach partition concurrently` would hold nobody up,
 * but can't be part of a transaction: what it waits for may be open for hours, and the advisory lock with it.
 *
 * What is pending is looked for twice: before anybody is held up, and again under both locks, when nobody can have
 * written to the partition and not committed yet. READ COMMITTED gives that look a snapshot from after the locks.
 */
export async function dropPartition(
  dataSource: DataSource,
  tables: Tables,
  { table, day, lockTimeoutMs }: { table: PartitionedTable; day: Day; lockTimeoutMs: number },
): Promise<DropOutcome> {
  const name = partitionName(table, day);
  const isHeld = async (sql: Sql) =>
    table === 'outbox_message' && (await hasPendingBefore(sql, startOf(day + 1)));
  try {
    return await dataSource.transaction('READ COMMITTED', async (manager) => {
      const sql = tables.on(manager);
      if (!(await tryLockRetention(sql))) return 'busy';
      if (await isHeld(sql)) return 'held';
      await limitLockWait(sql, lockTimeoutMs);
      await sql.query(`lock table ${name} in access exclusive mode`);
      await sql.query(`lock table only ${table} in access exclusive mode`);
      if (await isHeld(sql)) return 'held';
      await sql.query(`drop table ${name}`);
      return 'dropped';
    });
  } catch (error) {
    if (BUSY.has(sqlStateOf(error))) return 'busy';
    throw error;
  }
}

function sqlStateOf(error: unknown): string {
  if (!(error instanceof QueryFailedError)) return '';
  return (error.driverError as { code?: string }).code ?? '';
}
