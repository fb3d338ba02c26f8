import type { Sql } from '../../schema/tables.js';
import type { DeadLetterCount } from '../stats.js';

const COUNT_DEAD_LETTERS = `
  select channel, reason, count(*)::int as count
  from (select channel, reason from inbox_dead_letter limit $1) as letter
  group by channel, reason order by channel, reason`;

/** Counts what the inbox buried, up to a cap. */
export async function countDeadLetters(sql: Sql, cap: number): Promise<DeadLetterCount[]> {
  return sql.query<DeadLetterCount[]>(COUNT_DEAD_LETTERS, [cap]);
}
