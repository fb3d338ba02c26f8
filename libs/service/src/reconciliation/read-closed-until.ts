import type { DataSource } from 'typeorm';

const READ_CLOSED_UNTIL = `
  select date_trunc('milliseconds', clock_timestamp() - $1 * interval '1 millisecond') as closed_until`;

/** How far back the books are closed, by the database's clock. */
export async function readClosedUntil(dataSource: DataSource, lagMs: number): Promise<Date> {
  const [row] = await dataSource.query<[{ closed_until: Date }]>(READ_CLOSED_UNTIL, [lagMs]);
  return row.closed_until;
}
