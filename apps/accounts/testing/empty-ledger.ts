import type { DataSource } from 'typeorm';

/**
 * Empties the ledger's tables and the others named, for a spec's `afterEach`. The ledger refuses that to everybody; a
 * superuser may leave the triggers out, in one transaction.
 */
export async function emptyLedger(dataSource: DataSource, others: readonly string[] = []): Promise<void> {
  await dataSource.query(`
    begin;
    set local session_replication_role = replica;
    truncate ${['account', 'posting', 'entry', 'rejection', 'settlement', ...others].join(', ')};
    commit`);
}
