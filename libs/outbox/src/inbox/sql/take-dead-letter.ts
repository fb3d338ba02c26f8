import type { Sql } from '../../schema/tables.js';
import { summaryOf, type DeadLetter, type DeadLetterRow } from '../dead-letter.js';

const TAKE_DEAD_LETTER = `
  with taken as (
    delete from inbox_dead_letter where id = $1 returning *
  )
  select id, channel, sequence, event_source, event_id, reason, deliveries, error, buried_at, payload
  from taken`;

/**
 * Removes a dead letter and returns it, for who puts it back into circulation in the same transaction. Of two who
 * take the same one, the second waits for the first, and gets nothing once that one has committed.
 */
export async function takeDeadLetter(sql: Sql, id: string): Promise<DeadLetter | undefined> {
  const [row] = await sql.query<(DeadLetterRow & { payload: Buffer })[]>(TAKE_DEAD_LETTER, [id]);
  return row && { ...summaryOf(row), payload: row.payload };
}
