import { readRows } from '../parts/sql.js';

/** What a database says of itself after a run. */
export interface DatabaseFacts {
  /** Messages that a handler could not be given, or would not take. */
  readonly deadLetters: number;
  /** Events that the relay gave up on. */
  readonly parked: number;
  /** Deadlocks that the server broke, retried or not. */
  readonly deadlocks: number;
}

const FACTS = `
  select (select count(*)::int from inbox_dead_letter) as "deadLetters",
         (select count(*)::int from outbox_parked) as parked,
         (select deadlocks::int from pg_stat_database where datname = current_database()) as deadlocks`;

export async function readFacts(databaseUrl: string): Promise<DatabaseFacts> {
  const [facts] = await readRows<DatabaseFacts>(databaseUrl, FACTS);
  if (facts === undefined) throw new RangeError('the statement gives one row');
  return facts;
}
