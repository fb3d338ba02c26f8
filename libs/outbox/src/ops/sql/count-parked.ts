import type { Sql } from '../../schema/tables.js';
import type { ParkedCount } from '../stats.js';

const COUNT_PARKED = `
  select type, policy, count(*)::int as count
  from (select type, policy from outbox_parked limit $1) as parked
  group by type, policy order by type, policy`;

/** Counts what is parked, up to a cap. */
export async function countParked(sql: Sql, cap: number): Promise<ParkedCount[]> {
  return sql.query<ParkedCount[]>(COUNT_PARKED, [cap]);
}
