import type { Sql } from '../../schema/tables.js';
import { summaryOf, type DeadLetterRow, type DeadLetterSummary } from '../dead-letter.js';

/** Rows that a list has when it is not told how many. */
const LIMIT = 100;

const LIST_DEAD_LETTERS = `
  select id, channel, sequence, event_source, event_id, reason, deliveries, error, buried_at
  from inbox_dead_letter
  where $2::uuid is null
     or (buried_at, id) > (select buried_at, id from inbox_dead_letter where id = $2)
  order by buried_at, id
  limit $1`;

/**
 * The dead letters, the oldest first, without their payloads.
 *
 * @param page `after`: the id of the last one of the page before
 */
export async function listDeadLetters(
  sql: Sql,
  { limit = LIMIT, after }: { readonly limit?: number; readonly after?: string } = {},
): Promise<DeadLetterSummary[]> {
  const rows = await sql.query<DeadLetterRow[]>(LIST_DEAD_LETTERS, [limit, after]);
  return rows.map(summaryOf);
}
