import type { Sql } from '../../schema/tables.js';
import type { Place } from './find-replayable.js';

/**
 * One page of a span by the ids of its messages, which the partitions' indexes give in their order: the page is cut
 * before anything is joined to it, so that the next one begins where this one ended. Its rows are judged after that:
 * the same are left out as for a replay, except replays, which are events of their own.
 */
const READ_SETTLED_PAGE = `
  with page as materialized (
    select id, key, sequence, envelope, created_at
    from outbox_message
    where id > $1 and created_at >= coalesce($2::timestamptz, '-infinity') and created_at < $3
    order by id
    limit $4
  )
  select page.id, page.key, page.sequence,
         case when strpos(page.envelope, '"id":"' || page.id || '"') > 0
                   and (lane.key is null or page.sequence <= lane.settled_sequence)
                   and not exists (select from outbox_parked as parked where parked.id = page.id)
                   and not exists (
                     select from outbox_message as other
                     where other.id = page.id
                       and (other.created_at, other.key, other.sequence) > (page.created_at, page.key, page.sequence))
              then case when page.envelope::json ->> 'id' = page.id::text
                        then page.envelope::json ->> 'source' end
         end as source
  from page left join outbox_lane as lane on lane.key = page.key
  order by page.id`;

/** A settled event of the outbox. */
export interface SettledEvent extends Place {
  readonly id: string;
  readonly source: string;
}

/** Some of the settled events of a span. */
export interface SettledPage {
  readonly events: readonly SettledEvent[];
  /** Where the next page begins; absent after the last one. */
  readonly next?: string;
}

/**
 * @param after `next` of the page before
 * @param span from the first time on, or from the first message that is kept, and before the second
 */
export async function readSettledPage(
  sql: Sql,
  after: string,
  { from, to, limit }: { readonly from: Date | undefined; readonly to: Date; readonly limit: number },
): Promise<SettledPage> {
  const rows = await sql.query<(Place & { readonly id: string; readonly source: string | null })[]>(
    READ_SETTLED_PAGE,
    [after, from, to, limit],
  );
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return {
    events: rows.flatMap(({ source, ...row }) => (source === null ? [] : { ...row, source })),
    ...(last && { next: last.id }),
  };
}
