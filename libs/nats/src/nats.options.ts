import { accessSync, constants, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { driverEnvironment, driverOptionsFrom, type DriverOptions } from './jetstream/jetstream.options.js';
import { InvalidEnvironmentError } from './nats.errors.js';
import { Secret } from './secret.js';

/** What to do when an established connection is lost for good. */
export type OnConnectionLost = 'exit' | 'reconnect';

/** Who this client is, where the broker asks. User and password, or a token; never both. */
export interface NatsCredentials {
  readonly user?: string;
  readonly password?: Secret;
  readonly token?: Secret;
}

/** PEM texts for a broker that speaks TLS. */
export interface NatsTls {
  /** The authority that signed the broker's certificate; default: those that Node trusts. */
  readonly ca?: string;
  /** This client's own certificate and key, where the broker asks for one. */
  readonly cert?: string;
  readonly key?: Secret;
}

/** Settings of the provider. Every default stands in {@link natsEnvironment}, with its unit in its name. */
export interface NatsOptions extends DriverOptions {
  /** `nats://host:port`, `tls://` or `http://` alike, optionally with `user:password@`. */
  readonly url: string;
  readonly credentials?: NatsCredentials;
  /** Absent: TLS only if the URL says `tls://`, with the authorities that Node trusts. */
  readonly tls?: NatsTls;
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
  /** How long a client id that another client holds is waited for, in ms: after a quick restart it is the predecessor's. */
  readonly clientIdTimeoutMs: number;
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
  /** Deliveries of one message before it goes to the dead-letter sink, if there is one. */
  readonly deliveriesMax: number;
}

/** The client's own limit is 16,384 and misfires: it reports a refusal and sends all the same. */
const PUBLISHES_IN_FLIGHT_MAX = 4_096;
/** One message in flight per pooled database connection and some on the way. */
const MAX_IN_FLIGHT = 32;

const milliseconds = (fallback: number) => z.coerce.number().int().min(1).max(3_600_000).default(fallback);

const natsUrl = z
  .string()
  .refine((url) => url.includes('://'), {
    error: 'a bare host:port lacks its scheme; write nats://host:port',
    abort: true,
  })
  // The client has no default port for a URL that is given as an option.
  .refine(
    (url) => /^(nats|tls|http):\/\/[^/]+:\d+\/?$/.test(url) && URL.canParse(url),
    'expected nats://host:port, tls://host:port or http://host:port',
  )
  .describe('Where NATS Streaming listens');

const readableFile = z.string().refine(isReadable, 'expected the path of a readable PEM file').optional();

/** The environment variables of the provider, for an app's own schema: `z.object({ ...natsEnvironment })`. */
export const natsEnvironment = {
  ...driverEnvironment,
  NATS_URL: natsUrl,
  NATS_CLUSTER_ID: z.string().min(1),
  NATS_CLIENT_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'expected letters, digits, - and _ only')
    .optional(),
  NATS_USER: z.string().optional(),
  NATS_PASSWORD: z.string().optional(),
  NATS_TOKEN: z.string().optional(),
  NATS_TLS_CA: readableFile,
  NATS_TLS_CERT: readableFile,
  NATS_TLS_KEY: readableFile,
  NATS_CHANNEL_PREFIX: z
    .string()
    .regex(/^([A-Za-z0-9_-]+\.)*$/, 'expected tokens that end with a dot, such as "staging."')
    .default(''),
  NATS_ON_CONNECTION_LOST: z.enum(['exit', 'reconnect']).default('exit'),
  NATS_STARTUP_TIMEOUT_MS: milliseconds(30_000),
  NATS_CONNECT_TIMEOUT_MS: milliseconds(2_000),
  NATS_CLIENT_ID_TIMEOUT_MS: milliseconds(30_000),
  NATS_RESUME_TIMEOUT_MS: milliseconds(2_000),
  NATS_PING_INTERVAL_MS: milliseconds(2_000),
  NATS_PINGS_OUT_MAX: z.coerce.number().int().min(1).max(100).default(3),
  NATS_ACK_TIMEOUT_MS: milliseconds(5_000),
  NATS_ACK_WAIT_MS: z.coerce.number().int().multipleOf(1_000).min(1_000).max(3_600_000).default(5_000),
  /** An outage of the sink's own database costs a message nothing: what cannot be counted is not handled. */
  NATS_DELIVERIES_MAX: z.coerce.number().int().min(1).max(1_000_000).default(10),
};

type NatsEnvironment = z.output<z.ZodObject<typeof natsEnvironment>>;

/** A client id that is stable over restarts and unique among hosts and pods: service name and host name. */
export function defaultClientId(service: string, host: string = hostname()): string {
  return `${service}-${host}`.replace(/[^A-Za-z0-9_-]/g, '-');
}

/**
 * Turns the validated environment into options.
 *
 * @throws InvalidEnvironmentError for settings that do not go together
 */
export function natsOptionsFrom(
  environment: NatsEnvironment,
  role: { readonly service: string; readonly startup: NatsOptions['startup'] },
): NatsOptions {
  return {
    ...driverOptionsFrom(environment),
    url: environment.NATS_URL,
    ...securityOf(environment),
    clusterId: environment.NATS_CLUSTER_ID,
    clientId: environment.NATS_CLIENT_ID ?? defaultClientId(role.service),
    queue: role.service,
    channelPrefix: environment.NATS_CHANNEL_PREFIX,
    onConnectionLost: environment.NATS_ON_CONNECTION_LOST,
    startup: role.startup,
    startupTimeoutMs: environment.NATS_STARTUP_TIMEOUT_MS,
    connectTimeoutMs: environment.NATS_CONNECT_TIMEOUT_MS,
    clientIdTimeoutMs: environment.NATS_CLIENT_ID_TIMEOUT_MS,
    resumeTimeoutMs: environment.NATS_RESUME_TIMEOUT_MS,
    pingIntervalMs: environment.NATS_PING_INTERVAL_MS,
    pingsOutMax: environment.NATS_PINGS_OUT_MAX,
    ackTimeoutMs: environment.NATS_ACK_TIMEOUT_MS,
    publishesInFlightMax: PUBLISHES_IN_FLIGHT_MAX,
    ackWaitMs: environment.NATS_ACK_WAIT_MS,
    maxInFlight: MAX_IN_FLIGHT,
    deliveriesMax: environment.NATS_DELIVERIES_MAX,
  };
}

/** The URL as it may be shown: user and password masked. */
export function redactUrl(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//***@');
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function securityOf(environment: NatsEnvironment): Pick<NatsOptions, 'credentials' | 'tls'> {
  const { NATS_USER: user, NATS_PASSWORD: password, NATS_TOKEN: token } = environment;
  const { NATS_TLS_CA: ca, NATS_TLS_CERT: cert, NATS_TLS_KEY: key } = environment;
  const problems = [
    token !== undefined && user !== undefined && 'NATS_TOKEN: give a token or a user, not both',
    (user === undefined) !== (password === undefined) && 'NATS_USER, NATS_PASSWORD: one lacks the other',
    (cert === undefined) !== (key === undefined) && 'NATS_TLS_CERT, NATS_TLS_KEY: one lacks the other',
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new InvalidEnvironmentError(problems);
  const credentials: NatsCredentials = {
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password: new Secret(password) }),
    ...(token === undefined ? {} : { token: new Secret(token) }),
  };
  const tls: NatsTls = {
    ...(ca === undefined ? {} : { ca: readFileSync(ca, 'utf8') }),
    ...(cert === undefined ? {} : { cert: readFileSync(cert, 'utf8') }),
    ...(key === undefined ? {} : { key: new Secret(readFileSync(key, 'utf8')) }),
  };
  return {
    ...(user === undefined && token === undefined ? {} : { credentials }),
    ...(ca === undefined && cert === undefined ? {} : { tls }),
  };
}
