import { dayText, type Day } from './days.js';

/** The two tables that are kept in one partition for each day. */
export const PARTITIONED = ['outbox_message', 'inbox_message'] as const;
export type PartitionedTable = (typeof PARTITIONED)[number];

export function partitionName(table: PartitionedTable, day: Day): string {
  return `${table}_p${dayText(day)}`;
}
