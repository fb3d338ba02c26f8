import type { EntityManager } from 'typeorm';

/** What became of one key's run. */
export interface SettledRun {
  readonly key: string;
  /** Messages up to this number are acknowledged. */
  readonly settledSequence: bigint;
  /** How long the key rests before it may be claimed again, in ms; more than 0 after a failure. */
  readonly pauseMs: number;
  /** The messages that were acknowledged in this run. */
  readonly sentIds: readonly string[];
}

/**
 * Settles a batch of runs and gives their keys back, in one statement. The lease token fences it: a relay
 * that was stopped for longer than its lease changes nothing here, since another one holds the key by then.
 *
 * Keys are locked in sorted order, as writers lock them: otherwise a transaction that emits for two of them
 * and this statement could each wait for the other.
 */
const SETTLE_RUNS = `
  with held as (
    select key from outbox_key
    where key = any ($2::text[]) and lease_token = $1
    order by key
    for update
  ), released as (
    update outbox_key
    set settled_sequence = run.settled_sequence,
        lease_token = null,
        available_at = clock_timestamp() + run.pause_ms * interval '1 millisecond'
    from unnest($2::text[], $3::bigint[], $4::int[]) as run (key, settled_sequence, pause_ms)
    join held using (key)
    where outbox_key.key = held.key
    returning outbox_key.key
  ), sent as (
    update outbox_message
    set sent_at = clock_timestamp()
    where id = any ($5::uuid[]) and key in (select key from released)
  )
  select count(*)::int as keys from released`;

/** @returns how many of the runs were settled: fewer than given when the lease had run out */
export async function settleRuns(
  manager: EntityManager,
  leaseToken: string,
  runs: readonly SettledRun[],
): Promise<number> {
  const [row] = await manager.query<{ keys: number }[]>(SETTLE_RUNS, [
    leaseToken,
    runs.map((run) => run.key),
    runs.map((run) => run.settledSequence),
    runs.map((run) => run.pauseMs),
    runs.flatMap((run) => run.sentIds),
  ]);
  return row?.keys ?? 0;
}
