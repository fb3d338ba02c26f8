import type { Sql } from '../../schema/tables.js';
import { summaryOf, type DeadLetter, type DeadLetterRow } from '../dead-letter.js';

const SHOW_DEAD_LETTER = `
  select id, channel, sequence, event_source, event_id, reason, deliveries, error, buried_at, payload
  from inbox_dead_letter where id = $1`;

/** One dead letter with its payload; nothing if there is none of this id. */
export async function showDeadLetter(sql: Sql, id: string): Promise<DeadLetter | undefined> {
  const [row] = await sql.query<(DeadLetterRow & { payload: Buffer })[]>(SHOW_DEAD_LETTER, [id]);
  return row && { ...summaryOf(row), payload: row.payload };
}
