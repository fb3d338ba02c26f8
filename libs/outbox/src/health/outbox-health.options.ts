import { AHEAD_DAYS_ALARM } from '../retention/retention.options.js';

/** What an outbox may look like and still be `up`. */
export interface OutboxHealthOptions {
  /** The age of the oldest message that could leave now, in ms. Default 1 minute. */
  readonly oldestPendingAgeMaxMs: number;
  /** Parked messages; those of the policy `skip` alarm nobody, and do not count. Default 0. */
  readonly parkedMax: number;
  /** Keys that wait for a human. Default 0. */
  readonly blockedKeysMax: number;
  /** How long a number of a key may be missing in the inbox, in ms: longer than redelivery takes. Default 1 minute. */
  readonly openGapAgeMs: number;
  /** Days after today for which there are partitions, at least. Default 3. */
  readonly partitionDaysAheadMin: number;
}

export const HEALTH_DEFAULTS: OutboxHealthOptions = {
  oldestPendingAgeMaxMs: 60_000,
  parkedMax: 0,
  blockedKeysMax: 0,
  openGapAgeMs: 60_000,
  partitionDaysAheadMin: AHEAD_DAYS_ALARM,
};
