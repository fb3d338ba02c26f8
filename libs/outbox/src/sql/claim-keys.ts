import type { EntityManager } from 'typeorm';

/** A key that this relay holds under its lease. */
export interface ClaimedKey {
  readonly key: string;
  /** Messages up to this number are settled. */
  readonly settledSequence: bigint;
}

/**
 * Claims keys that have messages waiting, the longest unserved first. It locks the *key*, and passes over
 * one that a writer or another relay holds. Locking message rows instead would break order: a row that was
 * committed after this statement began would be handed to another relay while its predecessor is in flight.
 *
 * The limit stands in a CTE, which is run once; a sub-select may be run again for each row, and lock more.
 */
const CLAIM_KEYS = `
  with due as (
    select key from outbox_key
    where settled_sequence < last_sequence and available_at <= clock_timestamp()
    order by available_at
    limit $3
    for update skip locked
  ), claimed as (
    update outbox_key
    set lease_token = $1, available_at = clock_timestamp() + $2 * interval '1 millisecond'
    from due
    where outbox_key.key = due.key
    returning outbox_key.key, outbox_key.settled_sequence
  )
  select key, settled_sequence from claimed`;

/** @param leaseToken fences this claim off from every other one */
export async function claimKeys(
  manager: EntityManager,
  leaseToken: string,
  { leaseMs, keysMax }: { readonly leaseMs: number; readonly keysMax: number },
): Promise<ClaimedKey[]> {
  const rows = await manager.query<{ key: string; settled_sequence: string }[]>(CLAIM_KEYS, [
    leaseToken,
    leaseMs,
    keysMax,
  ]);
  return rows.map((row) => ({ key: row.key, settledSequence: BigInt(row.settled_sequence) }));
}
