import { z } from 'zod';

/** How long rows are kept, and how far ahead there is room for new ones. */
export interface RetentionOptions {
  /** Settled messages of the outbox are kept for reading and replay for this many whole days. Default 7. */
  readonly outboxKeepDays: number;
  /**
   * How long the inbox knows a message, in whole days of the message's own age; an older one goes to the dead
   * letters. A longer span than before comes about as days pass: what was dropped is not made again. Default 30.
   */
  readonly inboxKeepDays: number;
  /** Days after today for which there are partitions; a message from later than that is not accepted. Default 7. */
  readonly aheadDays: number;
  /** Between two rounds, in ms; one that could not do everything is repeated sooner. Default 1 hour. */
  readonly everyMs: number;
  /** How long a drop may wait for a lock, and so hold up writers, in ms. Default 200. */
  readonly lockTimeoutMs: number;
}

export const RETENTION_DEFAULTS: RetentionOptions = {
  outboxKeepDays: 7,
  inboxKeepDays: 30,
  aheadDays: 7,
  everyMs: 3_600_000,
  lockTimeoutMs: 200,
};

/** Fewer days ahead than this raise the alarm: rounds have failed for days, and there is a weekend left to look. */
export const AHEAD_DAYS_ALARM = 3;

const days = (least: number, otherwise: number) => z.coerce.number().int().min(least).default(otherwise);

/** The environment variables of the retention, for an app's own schema. */
export const retentionEnvironment = {
  OUTBOX_KEEP_DAYS: days(1, RETENTION_DEFAULTS.outboxKeepDays),
  INBOX_KEEP_DAYS: days(1, RETENTION_DEFAULTS.inboxKeepDays),
  OUTBOX_AHEAD_DAYS: days(AHEAD_DAYS_ALARM, RETENTION_DEFAULTS.aheadDays),
};
