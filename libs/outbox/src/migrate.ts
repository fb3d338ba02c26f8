import type { DataSource } from 'typeorm';

/** The advisory lock under which migrations run: the letters "migr" in ASCII. */
const MIGRATION_LOCK = 0x6d696772;

/**
 * Runs the pending migrations of a data source, one process at a time: without the lock, two instances
 * that start together both create the migrations table, and one of them dies.
 */
export async function migrate(dataSource: DataSource): Promise<void> {
  const lock = dataSource.createQueryRunner();
  try {
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      await dataSource.runMigrations({ transaction: 'each' });
    } finally {
      await lock.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    }
  } finally {
    await lock.release();
  }
}
