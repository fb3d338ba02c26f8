import type { CloudEvent } from '@app/nats';
import { QueryFailedError } from 'typeorm';
import type { Sql } from '../../schema/tables.js';
import { sequenceOf, type KeyProgress } from '../arrival.js';

/**
 * Records a message id, or counts its repeat, and how far its key has come. While another transaction handles the
 * same message, this waits for its end: if that one rolls back, this one is the first. Messages of one key wait for
 * each other too, since the key's row is theirs until the commit.
 *
 * A repeat leaves the key alone. `statement_timestamp()` is the same throughout the statement and in no other, so
 * it tells whether the gap is this message's. A number under two ids would count twice: the received are at most
 * as many as there can be.
 */
const RECORD_IN_INBOX = `
  with recorded as (
    insert into inbox_message as known (source, id, type)
    values ($1, $2, $3)
    on conflict (source, id) do update set repeats = known.repeats + 1
    returning repeats
  ), progress as (
    insert into inbox_key as known (source, key, first_sequence, last_sequence, received)
    select $1, $4::text, $5::bigint, $5::bigint, 1 from recorded where repeats = 0 and $5 is not null
    on conflict (source, key) do update set
      first_sequence = least(known.first_sequence, excluded.first_sequence),
      last_sequence = greatest(known.last_sequence, excluded.last_sequence),
      received = least(
        known.received + 1,
        greatest(known.last_sequence, excluded.last_sequence)
          - least(known.first_sequence, excluded.first_sequence) + 1),
      gap_since = case
        when greatest(known.last_sequence, excluded.last_sequence)
             - least(known.first_sequence, excluded.first_sequence) > known.received
        then coalesce(known.gap_since, statement_timestamp())
      end
    returning first_sequence, last_sequence, received, gap_since
  )
  select repeats, first_sequence, last_sequence,
         last_sequence - first_sequence + 1 - received as missing,
         gap_since is not distinct from statement_timestamp() as gap_opened
  from recorded left join progress on true`;

interface Row {
  readonly repeats: number;
  readonly first_sequence: string | null;
  readonly last_sequence: string;
  readonly missing: string;
  readonly gap_opened: boolean;
}

/** What is known of a message once it is recorded. */
export interface Recorded {
  /** How often it has been here before. */
  readonly repeats: number;
  /** Absent for a repeat, and for an event without a number. */
  readonly progress?: KeyProgress;
}

/** SQLSTATE of a check that failed; that of a partition's bounds has no constraint's name. */
const CHECK_VIOLATION = '23514';

/** No partition takes the event's id: nothing was recorded, and the transaction is void. */
export class NoPartitionForIdError extends Error {
  override readonly name = 'NoPartitionForIdError';
}

/** @throws NoPartitionForIdError */
export async function recordInInbox(sql: Sql, event: CloudEvent): Promise<Recorded> {
  const { source, id, type, partitionkey } = event;
  const parameters = [source, id, type, partitionkey, sequenceOf(event)?.toString() ?? null];
  const [row] = await sql.query<Row[]>(RECORD_IN_INBOX, parameters).catch((error: unknown) => {
    throw isWithoutPartition(error)
      ? new NoPartitionForIdError(`no partition takes ${id}`, { cause: error })
      : error;
  });
  if (!row) throw new Error('PostgreSQL recorded a message and returned no row');
  if (row.first_sequence === null) return { repeats: row.repeats };
  return {
    repeats: row.repeats,
    progress: {
      firstSequence: BigInt(row.first_sequence),
      lastSequence: BigInt(row.last_sequence),
      missing: BigInt(row.missing),
      gapOpened: row.gap_opened,
    },
  };
}

function isWithoutPartition(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  const { code, constraint } = error.driverError as { code?: string; constraint?: string };
  return code === CHECK_VIOLATION && constraint === undefined;
}
