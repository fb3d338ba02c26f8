import { accessSync, constants, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { driverEnvironment, driverOptionsFrom } from './driver.options.js';
import { parseEnvironment } from './environment.js';
import type { NatsCredentials, NatsOptions, NatsTls } from './nats.options.js';
import { Secret } from './secret.js';

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
  .describe('Where NATS listens');

const readableFile = z.string().refine(isReadable, 'expected the path of a readable PEM file').optional();

/**
 * The environment variables of the provider, for an app's own schema; with the rules that some of them have
 * together: `z.object({ ...natsEnvironment }).check(natsRules)`.
 */
export const natsEnvironment = {
  ...driverEnvironment,
  NATS_URL: natsUrl,
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

/** Variables that are needed only where another one says so. */
const NEEDED: readonly [keyof NatsEnvironment, (environment: NatsEnvironment) => boolean][] = [
  ['NATS_CLUSTER_ID', ({ NATS_DRIVER }) => NATS_DRIVER === 'streaming'],
  ['NATS_USER', ({ NATS_PASSWORD }) => NATS_PASSWORD !== undefined],
  ['NATS_PASSWORD', ({ NATS_USER }) => NATS_USER !== undefined],
  ['NATS_TLS_CERT', ({ NATS_TLS_KEY }) => NATS_TLS_KEY !== undefined],
  ['NATS_TLS_KEY', ({ NATS_TLS_CERT }) => NATS_TLS_CERT !== undefined],
];

/**
 * What the variables must be together. It looks at them even where one is wrong by itself, so that everything is
 * reported at once.
 */
export const natsRules = z.superRefine<NatsEnvironment>(
  (environment, context) => {
    for (const [name, isNeeded] of NEEDED) {
      if (environment[name] !== undefined || !isNeeded(environment)) continue;
      context.addIssue({ code: 'custom', path: [name], message: 'is needed' });
    }
    if (environment.NATS_TOKEN !== undefined && environment.NATS_USER !== undefined) {
      context.addIssue({ code: 'custom', path: ['NATS_TOKEN'], message: 'give a token or a user, not both' });
    }
  },
  { when: () => true },
);

/** A client id that is stable over restarts and unique among hosts and pods: service name and host name. */
export function defaultClientId(service: string, host: string = hostname()): string {
  return `${service}-${host}`.replace(/[^A-Za-z0-9_-]/g, '-');
}

/**
 * Turns the validated environment into options.
 *
 * @throws InvalidEnvironmentError for variables that break {@link natsRules}, where the schema did without them
 */
export function natsOptionsFrom(
  environment: NatsEnvironment,
  role: { readonly service: string; readonly startup: NatsOptions['startup'] },
): NatsOptions {
  parseEnvironment(z.custom<NatsEnvironment>().check(natsRules), environment);
  return {
    driver: driverOptionsFrom(environment),
    url: environment.NATS_URL,
    ...securityOf(environment),
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
