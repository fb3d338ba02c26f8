/**
 * Empties tables between two tests, and fails when a transaction was left open on one of them. The rows are deleted: to
 * truncate a table with its partitions and indexes takes fifty times as long, a new file for each. Triggers and foreign
 * keys are left out, as a superuser may.
 */
export async function emptyTables(
  connection: { query(sql: string): Promise<unknown> },
  tables: readonly string[],
): Promise<void> {
  await connection.query(`
    set local lock_timeout = '3s';
    set local session_replication_role = replica;
    lock table ${tables.join(', ')} in access exclusive mode;
    ${tables.map((table) => `delete from ${table}`).join('; ')}`);
}
