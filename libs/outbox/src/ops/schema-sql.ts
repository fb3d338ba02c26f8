import { CREATE_INBOX } from '../inbox/create-inbox.sql.js';
import { dayOf, firstIdOf, startOf } from '../retention/days.js';
import { partitionName } from '../retention/partitioned-table.js';
import { wantedDays } from '../retention/partitions.js';
import { RETENTION_DEFAULTS } from '../retention/retention.options.js';
import { CREATE_OUTBOX } from '../schema/create-outbox.sql.js';
import { Tables, type TableNames } from '../schema/tables.js';

/**
 * All that the migration makes in an empty database, as plain SQL in one transaction.
 *
 * @throws InvalidTableNamesError
 * @param now decides which days have partitions; the retention makes the next ones
 */
export function schemaSql(names: TableNames, now = new Date()): string {
  const tables = new Tables(names);
  const none = { outbox_message: new Set<number>(), inbox_message: new Set<number>() };
  const partitions = wantedDays({ today: dayOf(now.getTime()), days: none }, RETENTION_DEFAULTS).map(
    ({ table, day }) => {
      const bound = table === 'outbox_message' ? startOf : firstIdOf;
      const bounds = `from ('${bound(day)}') to ('${bound(day + 1)}')`;
      return `create table ${partitionName(table, day)} partition of ${table} for values ${bounds}`;
    },
  );
  const statements = [...CREATE_OUTBOX, ...CREATE_INBOX, ...partitions].map(
    (text) => `${tables.text(text)};`,
  );
  const schema = names.schema === undefined ? [] : [`create schema if not exists "${names.schema}";`];
  return ['begin;', ...schema, ...statements, 'commit;'].join('\n\n') + '\n';
}
