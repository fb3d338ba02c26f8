import type { Sql } from '../../schema/tables.js';

const DROP_DEAD_LETTER = `
  with dropped as (
    delete from inbox_dead_letter where id = $1 returning 1
  )
  select count(*)::integer as dropped from dropped`;

/**
 * Throws a dead letter away.
 *
 * @returns whether there was one of this id
 */
export async function dropDeadLetter(sql: Sql, id: string): Promise<boolean> {
  const [row] = await sql.query<{ dropped: number }[]>(DROP_DEAD_LETTER, [id]);
  return row?.dropped === 1;
}
