import type { EntityManager } from 'typeorm';

/** How transfers in one currency ended; amounts as text, since their sum may be beyond eight bytes. */
export interface OutcomeSums {
  readonly currency: string;
  readonly postedCount: number;
  readonly postedMinor: string;
  readonly rejectedCount: number;
  readonly rejectedMinor: string;
}

/** By when they were ordered, and not by when they ended: only that do both services know of every transfer. */
const SUM_OUTCOMES = `
  select currency,
    (count(*) filter (where outcome = 'posted'))::float8 as "postedCount",
    coalesce(sum(amount_minor) filter (where outcome = 'posted'), 0) as "postedMinor",
    (count(*) filter (where outcome = 'rejected'))::float8 as "rejectedCount",
    coalesce(sum(amount_minor) filter (where outcome = 'rejected'), 0) as "rejectedMinor"
  from (
    select currency, outcome, amount_minor from posting
    where transfer_id is not null and requested_at >= $1 and requested_at < $2
    union all
    select currency, outcome, amount_minor from rejection
    where requested_at >= $1 and requested_at < $2
  ) as ended
  group by currency
  order by currency`;

/** Sums over the transfers ordered from the first instant on and before the second one. */
export function sumOutcomes(manager: EntityManager, from: Date, to: Date): Promise<OutcomeSums[]> {
  return manager.query<OutcomeSums[]>(SUM_OUTCOMES, [from, to]);
}
