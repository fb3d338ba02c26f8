import type { Sql } from '../../schema/tables.js';
import { dayOf, parseDay, type Day } from '../days.js';
import type { PartitionedTable } from '../partitioned-table.js';

/** What partitions there are, by the database's clock. */
export interface Partitions {
  readonly today: Day;
  readonly days: Readonly<Record<PartitionedTable, ReadonlySet<Day>>>;
}

const READ_PARTITIONS = `
  select (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms,
         coalesce(array_agg(day) filter (where parent = 'outbox_message'::regclass), '{}') as of_outbox,
         coalesce(array_agg(day) filter (where parent = 'inbox_message'::regclass), '{}') as of_inbox
  from (
    select inhparent as parent, substring(relname from '[0-9]{8}$') as day
    from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent in ('outbox_message'::regclass, 'inbox_message'::regclass)
  ) as partition`;

export async function readPartitions(sql: Sql): Promise<Partitions> {
  const [row] =
    await sql.query<{ now_ms: number; of_outbox: string[]; of_inbox: string[] }[]>(READ_PARTITIONS);
  if (!row) throw new Error('PostgreSQL answered an aggregate with no row');
  return {
    today: dayOf(row.now_ms),
    days: {
      outbox_message: new Set(row.of_outbox.map(parseDay)),
      inbox_message: new Set(row.of_inbox.map(parseDay)),
    },
  };
}
