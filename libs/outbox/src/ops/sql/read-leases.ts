import type { Sql } from '../../schema/tables.js';
import type { LeaseView } from '../stats.js';

const READ_LEASES = `
  select token, holder, ends_at, ends_at <= clock_timestamp() as expired
  from outbox_lease order by ends_at limit $1`;

/** The batches that relays hold, the first to run out first. */
export async function readLeases(sql: Sql, limit: number): Promise<LeaseView[]> {
  const rows = await sql.query<{ token: string; holder: string; ends_at: Date; expired: boolean }[]>(
    READ_LEASES,
    [limit],
  );
  return rows.map(({ token, holder, ends_at: endsAt, expired }) => ({ token, holder, endsAt, expired }));
}
