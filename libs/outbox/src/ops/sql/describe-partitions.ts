import type { Sql } from '../../schema/tables.js';
import type { PartitionView } from '../stats.js';

const DESCRIBE_PARTITIONS = `
  select relname as name, pg_get_expr(relpartbound, pg_class.oid) as range
  from pg_inherits join pg_class on pg_class.oid = inhrelid
  where inhparent in ('outbox_message'::regclass, 'inbox_message'::regclass)
  order by relname`;

/** The partitions of both tables, with their bounds as PostgreSQL writes them. */
export async function describePartitions(sql: Sql): Promise<PartitionView[]> {
  return sql.query<PartitionView[]>(DESCRIBE_PARTITIONS);
}
