import type { Sql } from '../schema/tables.js';
import { firstIdOf, missingDays, startOf, type Day } from './days.js';
import { PARTITIONED, partitionName, type PartitionedTable } from './partitioned-table.js';
import type { RetentionOptions } from './retention.options.js';
import { readPartitions, type Partitions } from './sql/read-partitions.js';

/** The least value of a day, in the column that its table is partitioned by: `created_at`, and the id itself. */
const LOWER_BOUND: Readonly<Record<PartitionedTable, (day: Day) => string>> = {
  outbox_message: startOf,
  inbox_message: firstIdOf,
};

/** Yesterday too: the clock of a database that fails over may step back over midnight. */
const OUTBOX_BACK_DAYS = 1;

/** The days that want a partition; the inbox wants its whole span, since a message may be old when it comes. */
export function wantedDays(
  { today, days }: Partitions,
  { inboxKeepDays, aheadDays }: Pick<RetentionOptions, 'inboxKeepDays' | 'aheadDays'>,
): { table: PartitionedTable; day: Day }[] {
  const back = { outbox_message: OUTBOX_BACK_DAYS, inbox_message: inboxKeepDays };
  return PARTITIONED.flatMap((table) =>
    missingDays(days[table], { today, back: back[table], ahead: aheadDays }).map((day) => ({ table, day })),
  );
}

/**
 * Makes a table and attaches it. `create table … partition of` would be one statement, and take an ACCESS EXCLUSIVE
 * lock on the parent, that is, wait for every writer and hold up the next ones; attaching lets them go on.
 */
function makePartition(table: PartitionedTable, day: Day): string {
  const name = partitionName(table, day);
  const bound = LOWER_BOUND[table];
  return `create table ${name} (like ${table} including all);
    alter table ${table} attach partition ${name} for values from ('${bound(day)}') to ('${bound(day + 1)}')`;
}

/**
 * Makes the partitions that are wanted and not there: for the migration that creates the tables, in its
 * transaction, and for each round of the retention, which holds a lock so that one instance does it.
 *
 * @returns the names of those made
 */
export async function makePartitions(
  sql: Sql,
  options: Pick<RetentionOptions, 'inboxKeepDays' | 'aheadDays'>,
): Promise<string[]> {
  const wanted = wantedDays(await readPartitions(sql), options);
  if (wanted.length === 0) return [];
  await sql.query(wanted.map(({ table, day }) => makePartition(table, day)).join(';\n'));
  return wanted.map(({ table, day }) => partitionName(table, day));
}
