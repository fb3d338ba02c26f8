import type { Sql } from '../../schema/tables.js';

const SEEN_BY_INBOX = `
  select id from unnest($1::uuid[], $2::text[]) as asked (id, source)
  join inbox_message using (source, id)`;

/** Which of these events an inbox has recorded; `ids` and `sources` go together one by one. */
export async function seenByInbox(
  sql: Sql,
  ids: readonly string[],
  sources: readonly string[],
): Promise<Set<string>> {
  const rows = await sql.query<{ id: string }[]>(SEEN_BY_INBOX, [ids, sources]);
  return new Set(rows.map(({ id }) => id));
}
