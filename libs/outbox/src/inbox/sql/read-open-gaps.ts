import type { Sql } from '../../schema/tables.js';

/** Gaps that are shown beside their count. */
const EXAMPLES_MAX = 5;

const READ_OPEN_GAPS = `
  select source, key, first_sequence, last_sequence, gap_since,
         last_sequence - first_sequence + 1 - received as missing,
         count(*) over ()::integer as total
  from inbox_key
  where gap_since < clock_timestamp() - $1 * interval '1 millisecond'
  order by gap_since
  limit $2`;

/** A key of which some number did not come, though later ones did. */
export interface OpenGap {
  readonly source: string;
  readonly key: string;
  readonly firstSequence: bigint;
  readonly lastSequence: bigint;
  /** How many of the numbers between those two did not come. */
  readonly missing: bigint;
  /** Since when the key was never without a gap. */
  readonly since: Date;
}

/** For health: what is missing, and has been for longer than a redelivery takes. */
export interface OpenGaps {
  readonly count: number;
  /** The longest open ones, five at most. */
  readonly examples: readonly OpenGap[];
}

interface Row {
  readonly source: string;
  readonly key: string;
  readonly first_sequence: string;
  readonly last_sequence: string;
  readonly gap_since: Date;
  readonly missing: string;
  readonly total: number;
}

/** The keys that have had a gap for longer than this: a message is lost, or lies with the dead letters. */
export async function openGaps(sql: Sql, olderThanMs: number): Promise<OpenGaps> {
  const rows = await sql.query<Row[]>(READ_OPEN_GAPS, [olderThanMs, EXAMPLES_MAX]);
  return {
    count: rows[0]?.total ?? 0,
    examples: rows.map((row) => ({
      source: row.source,
      key: row.key,
      firstSequence: BigInt(row.first_sequence),
      lastSequence: BigInt(row.last_sequence),
      missing: BigInt(row.missing),
      since: row.gap_since,
    })),
  };
}
