import type { EntityManager } from 'typeorm';
import type { ClaimedKey } from './claim-keys.js';

/** A stored event that is about to be published. */
export interface PendingMessage {
  readonly id: string;
  readonly key: string;
  readonly sequence: bigint;
  /** The event's type, which is the name of its channel. */
  readonly type: string;
  /** The encoded event, without its sequence. */
  readonly envelope: string;
  /** Attempts to publish it, this one included: counted before it is made, so that a crash is counted too. */
  readonly attempts: number;
}

/**
 * Reads the next messages of each claimed key. It is a statement of its own, after the claim, since each
 * statement sees what was committed before it began: while the key is locked, no writer can add to it.
 */
const READ_RUNS = `
  with run as (
    update outbox_message
    set attempts = attempts + 1
    where id in (
      select next.id
      from unnest($1::text[], $2::bigint[]) as claimed (key, settled_sequence)
      cross join lateral (
        select id from outbox_message
        where outbox_message.key = claimed.key and sequence > claimed.settled_sequence
        order by sequence
        limit $3
      ) as next
    )
    returning id, key, sequence, type, envelope, attempts
  )
  select * from run order by key, sequence`;

/** @returns each key's run, in the order of its sequence */
export async function readRuns(
  manager: EntityManager,
  keys: readonly ClaimedKey[],
  runMax: number,
): Promise<Map<string, PendingMessage[]>> {
  const rows = await manager.query<(Omit<PendingMessage, 'sequence'> & { sequence: string })[]>(READ_RUNS, [
    keys.map(({ key }) => key),
    keys.map(({ settledSequence }) => settledSequence),
    runMax,
  ]);
  const runs = new Map<string, PendingMessage[]>(keys.map(({ key }) => [key, []]));
  for (const row of rows) runs.get(row.key)?.push({ ...row, sequence: BigInt(row.sequence) });
  return runs;
}
