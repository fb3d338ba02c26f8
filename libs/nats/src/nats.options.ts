import { hostname } from 'node:os';
import { z } from 'zod';

/** What to do when an established connection is lost for good. */
export type OnConnectionLost = 'exit' | 'reconnect';

/** Settings of the provider. Every default stands in {@link natsEnvironment}, with its unit in its name. */
export interface NatsOptions {
  /** `nats://host:port`, optionally with `user:password@`. */
  readonly url: string;
  readonly clusterId: string;
  /** Letters, digits, `-` and `_` only; unique among the running instances. */
  readonly clientId: string;
  /** The durable queue group of the consuming side: the service's name, the same for all its instances. */
  readonly queue: string;
  /** Put in front of every channel name, so that several environments can share a broker. */
  readonly channelPrefix: string;
  readonly onConnectionLost: OnConnectionLost;
  /** `wait`: start-up ends when the connection stands. `background`: start-up does not wait for it. */
  readonly startup: 'wait' | 'background';
  /** How long `wait` waits, in ms. */
  readonly startupTimeoutMs: number;
  /** The bound on one attempt to connect, in ms, on a timer of ours. */
  readonly connectTimeoutMs: number;
  /** How long a dropped TCP connection may take to resume before it counts as lost, in ms. */
  readonly resumeTimeoutMs: number;
  /** Between two pings, in ms; whole seconds on the wire, rounded up. */
  readonly pingIntervalMs: number;
  /** Unanswered pings before the connection counts as lost. */
  readonly pingsOutMax: number;
  /** How long a publish waits for its acknowledgement before its outcome is unknown, in ms. */
  readonly ackTimeoutMs: number;
  /** Publishes under way at once; further ones wait here, because the client sends what it refuses. */
  readonly publishesInFlightMax: number;
  /** How long the broker waits for an acknowledgement before it delivers again, in ms (whole seconds). */
  readonly ackWaitMs: number;
  /** Messages that the broker delivers to this instance before it waits for acknowledgements. */
  readonly maxInFlight: number;
}

/** The client's own limit is 16,384 and misfires: it reports a refusal and sends all the same. */
const PUBLISHES_IN_FLIGHT_MAX = 4_096;
/** One message in flight per pooled database connection and some on the way. */
const MAX_IN_FLIGHT = 32;

const milliseconds = (fallback: number) => z.coerce.number().int().min(1).max(3_600_000).default(fallback);

const natsUrl = z
  .string()
  // The client has no default port for a URL that is given as an option.
  .refine((url) => /^nats:\/\/[^/]+:\d+\/?$/.test(url) && URL.canParse(url), 'expected nats://host:port')
  .describe('Where NATS Streaming listens');

/** The environment variables of the provider, for an app's own schema: `z.object({ ...natsEnvironment })`. */
export const natsEnvironment = {
  NATS_URL: natsUrl,
  NATS_CLUSTER_ID: z.string().min(1),
  NATS_CLIENT_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'expected letters, digits, - and _ only')
    .optional(),
  NATS_CHANNEL_PREFIX: z
    .string()
    .regex(/^([A-Za-z0-9_-]+\.)*$/, 'expected tokens that end with a dot, such as "staging."')
    .default(''),
  NATS_ON_CONNECTION_LOST: z.enum(['exit', 'reconnect']).default('exit'),
  NATS_STARTUP_TIMEOUT_MS: milliseconds(30_000),
  NATS_CONNECT_TIMEOUT_MS: milliseconds(2_000),
  NATS_RESUME_TIMEOUT_MS: milliseconds(2_000),
  NATS_PING_INTERVAL_MS: milliseconds(2_000),
  NATS_PINGS_OUT_MAX: z.coerce.number().int().min(1).max(100).default(3),
  NATS_ACK_TIMEOUT_MS: milliseconds(5_000),
  NATS_ACK_WAIT_MS: z.coerce.number().int().multipleOf(1_000).min(1_000).max(3_600_000).default(5_000),
};

type NatsEnvironment = z.output<z.ZodObject<typeof natsEnvironment>>;

/** A client id that is stable over restarts and unique among hosts and pods: service name and host name. */
export function defaultClientId(service: string, host: string = hostname()): string {
  return `${service}-${host}`.replace(/[^A-Za-z0-9_-]/g, '-');
}

/** Turns the validated environment into options. */
export function natsOptionsFrom(
  environment: NatsEnvironment,
  role: { readonly service: string; readonly startup: NatsOptions['startup'] },
): NatsOptions {
  return {
    url: environment.NATS_URL,
    clusterId: environment.NATS_CLUSTER_ID,
    clientId: environment.NATS_CLIENT_ID ?? defaultClientId(role.service),
    queue: role.service,
    channelPrefix: environment.NATS_CHANNEL_PREFIX,
    onConnectionLost: environment.NATS_ON_CONNECTION_LOST,
    startup: role.startup,
    startupTimeoutMs: environment.NATS_STARTUP_TIMEOUT_MS,
    connectTimeoutMs: environment.NATS_CONNECT_TIMEOUT_MS,
    resumeTimeoutMs: environment.NATS_RESUME_TIMEOUT_MS,
    pingIntervalMs: environment.NATS_PING_INTERVAL_MS,
    pingsOutMax: environment.NATS_PINGS_OUT_MAX,
    ackTimeoutMs: environment.NATS_ACK_TIMEOUT_MS,
    publishesInFlightMax: PUBLISHES_IN_FLIGHT_MAX,
    ackWaitMs: environment.NATS_ACK_WAIT_MS,
    maxInFlight: MAX_IN_FLIGHT,
  };
}

/** The URL as it may be shown: user and password masked. */
export function redactUrl(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//***@');
}
