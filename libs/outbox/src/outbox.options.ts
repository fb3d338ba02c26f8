import { z } from 'zod';

/**
 * How the events of a transaction leave the service.
 *
 * - `direct`: published after the commit, the acknowledgement awaited. The naive way: what fails then is
 *   lost, since the transaction is committed. Kept to be shown.
 * - `outbox`: stored in the transaction itself, published by the relay.
 */
export type EventDelivery = 'direct' | 'outbox';

/** Settings of the outbox. */
export interface OutboxOptions {
  readonly delivery: EventDelivery;
  readonly relay: RelayOptions;
}

/** Settings of the relay. */
export interface RelayOptions {
  /** Between two looks at an outbox that was empty, in ms; a commit in this process wakes the relay at once. */
  readonly pollMs: number;
  /** How long a relay may hold a key before another may take it over, in ms, by the database's clock. */
  readonly leaseMs: number;
  /** Keys claimed together; they are published side by side. */
  readonly keysMax: number;
  /** Messages of one key claimed together; they are published one after the other. */
  readonly runMax: number;
  /** First and longest pause after a publish that failed, in ms. */
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
}

/** Defaults: an idle relay asks twice a second; a lease outlives a publish's acknowledgement time-out twice. */
export const RELAY_DEFAULTS: RelayOptions = {
  pollMs: 500,
  leaseMs: 10_000,
  keysMax: 100,
  runMax: 20,
  retryFirstMs: 50,
  retryLongestMs: 1_000,
};

/** The environment variables of the outbox, for an app's own schema. */
export const outboxEnvironment = {
  EVENT_DELIVERY: z.enum(['direct', 'outbox']).default('outbox'),
};
