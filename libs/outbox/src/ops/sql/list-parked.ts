import type { Sql } from '../../schema/tables.js';
import type { ListPage, ParkedMessageSummary } from '../listing.js';
import { pageOf, type ListFilter } from '../paging.js';

const LIST_PARKED = `
  select id, key, sequence, type, policy, attempts, failures, error, created_at, parked_at,
         to_char(parked_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/' || id as cursor
  from outbox_parked
  where ($1::text is null or key = $1) and ($2::text is null or type = $2)
    and ($3::timestamptz is null or (parked_at, id) > ($3, $4::text::uuid))
  order by parked_at, id
  limit $5`;

interface Row {
  readonly id: string;
  readonly key: string;
  readonly sequence: string;
  readonly type: string;
  readonly policy: ParkedMessageSummary['policy'];
  readonly attempts: number;
  readonly failures: number;
  readonly error: string;
  readonly created_at: Date;
  readonly parked_at: Date;
  readonly cursor: string;
}

/** The messages that were given up, the longest ago first. */
export async function listParked(
  sql: Sql,
  { key, type, limit, after }: ListFilter,
): Promise<ListPage<ParkedMessageSummary>> {
  const rows = await sql.query<Row[]>(LIST_PARKED, [key, type, after?.at, after?.name, limit]);
  return pageOf(rows, limit, (row) => ({
    state: 'parked',
    id: row.id,
    key: row.key,
    sequence: BigInt(row.sequence),
    type: row.type,
    policy: row.policy,
    attempts: row.attempts,
    failures: row.failures,
    error: row.error,
    createdAt: row.created_at,
    parkedAt: row.parked_at,
  }));
}
