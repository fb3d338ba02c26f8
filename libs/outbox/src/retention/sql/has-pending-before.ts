import type { Sql } from '../../schema/tables.js';

/** It reads every lane, of which there are as many as keys with a backlog: once or twice for each day to be dropped. */
const HAS_PENDING_BEFORE = `
  select exists (select from outbox_lane where pending_since < $1) as pending`;

/** Whether a message may be pending that was created before this time (RFC 3339). */
export async function hasPendingBefore(sql: Sql, before: string): Promise<boolean> {
  const [row] = await sql.query<{ pending: boolean }[]>(HAS_PENDING_BEFORE, [before]);
  return row?.pending !== false;
}
