import { z } from 'zod';
import type { OutboxHealthOptions } from './health/outbox-health.options.js';
import { retentionEnvironment, type RetentionOptions } from './retention/retention.options.js';
import type { EventDelivery } from './strategies/event-delivery.js';
import { refuseUnsafeDelivery, whyUnsafe } from './strategies/unsafe-delivery.js';
import type { TableNames } from './schema/tables.js';

/** How the events of one type leave. */
export interface EventTypeOptions {
  /** `key` (default): in the order of their key. `none`: each for itself, without a number. */
  readonly order?: 'key' | 'none';
  /**
   * What is done when one has used up its failures. `block` (default): its key waits until somebody requeues or
   * drops it. `park`: it is put aside, and the later ones go on. `skip`: the same, and nobody is alarmed.
   */
  readonly whenPoisoned?: 'block' | 'park' | 'skip';
}

/** By event type; what is not named has the defaults. */
export type EventTypesOptions = Readonly<Record<string, EventTypeOptions>>;

/** Settings of the relay. */
export interface RelayOptions {
  /**
   * Between two looks at an outbox that is empty, in ms: the first, and the longest after it has doubled. A commit in
   * this process wakes the relay at once, and one elsewhere by a hint.
   */
  readonly pollFirstMs: number;
  readonly pollLongestMs: number;
  /** Between two looks for leases that ran out and for lanes whose time has come, in ms, when none is known. */
  readonly recoverMs: number;
  /** How long a relay may hold a batch before another may take it over, in ms, by the database's clock. */
  readonly leaseMs: number;
  /** Lanes claimed together; they are published side by side, one message of each at a time. */
  readonly lanesMax: number;
  /** Messages of one lane claimed together; they are published one after the other. */
  readonly runMax: number;
  /** Batches under way at once. */
  readonly batchesMax: number;
  /** Under load, the least time from one claim to the next, in ms: it makes batches, and saves statements. */
  readonly lingerMs: number;
  /** What may be charged to a message before it is given up: refusals, and ends of a relay that published it alone. */
  readonly failuresMax: number;
  /** First and longest pause after a publish that failed, in ms. */
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
}

/**
 * Defaults: an idle relay asks at most twice a second; a lease outlives a publish's acknowledgement time-out
 * twice; 1,000 messages in flight keep a broker busy.
 */
export const RELAY_DEFAULTS: RelayOptions = {
  pollFirstMs: 50,
  pollLongestMs: 1_000,
  recoverMs: 2_000,
  leaseMs: 10_000,
  lanesMax: 250,
  runMax: 20,
  batchesMax: 4,
  lingerMs: 20,
  failuresMax: 5,
  retryFirstMs: 50,
  retryLongestMs: 5_000,
};

/**
 * Where the relay runs: `embedded` (default) in every instance of the service; `off`: in no instance, and each commit
 * sends a hint; `alone`: in this process, which does nothing else and listens for hints.
 */
export type RelayPlace = 'embedded' | 'off' | 'alone';

/** Settings of the outbox. */
export interface OutboxOptions {
  readonly delivery: EventDelivery;
  readonly relay?: Partial<RelayOptions>;
  readonly relayPlace?: RelayPlace;
  readonly tables?: TableNames;
  readonly types?: EventTypesOptions;
  readonly retention?: Partial<RetentionOptions>;
  /** When `/health` says `degraded`. */
  readonly health?: Partial<OutboxHealthOptions>;
  /** Stands in the relay's leases, such as the client id; default: a random one. */
  readonly holder?: string;
}

/** A publish has 5 s for its acknowledgement by default: a shorter lease would be taken over in the middle of one. */
const LEASE_MS_LEAST = 1_000;
const LEASE_MS_LONGEST = 600_000;

/** The environment variables of the outbox, for an app's own schema. */
export const outboxEnvironment = {
  EVENT_DELIVERY: z
    .enum(['direct', 'direct-unawaited', 'direct-before-commit', 'direct-retry-in-memory', 'outbox'])
    .default('outbox'),
  OUTBOX_RELAY: z.enum(['embedded', 'off']).default('embedded'),
  /** How long the keys of a relay that was killed wait for another, at most. */
  OUTBOX_LEASE_MS: z.coerce
    .number()
    .int()
    .min(LEASE_MS_LEAST)
    .max(LEASE_MS_LONGEST)
    .default(RELAY_DEFAULTS.leaseMs),
  NODE_ENV: z.string().optional(),
  /** `true` allows in production the deliveries that lose events. */
  OUTBOX_ALLOW_UNSAFE_DELIVERY: z.enum(['true', 'false']).default('false'),
  ...retentionEnvironment,
};

/** What must hold between them, for `.check()` of the app's schema: no delivery that loses events in production. */
export const outboxRules = z.superRefine<OutboxEnvironment>(
  (environment, context) => {
    const message = whyUnsafe(environment.EVENT_DELIVERY, environment);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['EVENT_DELIVERY'], message });
  },
  { when: () => true },
);

type OutboxEnvironment = z.output<z.ZodObject<typeof outboxEnvironment>>;

/**
 * Turns the validated environment into options.
 *
 * @throws UnsafeDeliveryError for a delivery that loses events, in production
 */
export function outboxOptionsFrom(environment: OutboxEnvironment): OutboxOptions {
  refuseUnsafeDelivery(environment.EVENT_DELIVERY, environment);
  return {
    delivery: environment.EVENT_DELIVERY,
    relayPlace: environment.OUTBOX_RELAY,
    relay: { leaseMs: environment.OUTBOX_LEASE_MS },
    retention: {
      outboxKeepDays: environment.OUTBOX_KEEP_DAYS,
      inboxKeepDays: environment.INBOX_KEEP_DAYS,
      aheadDays: environment.OUTBOX_AHEAD_DAYS,
    },
  };
}
