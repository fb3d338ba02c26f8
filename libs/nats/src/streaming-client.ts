import { connect, type Stan, type StanOptions } from 'node-nats-streaming';
import {
  NatsClientIdTakenError,
  NatsClusterNotFoundError,
  NatsConnectRefusedError,
  NatsHostNotFoundError,
  NatsSilentPeerError,
  NatsUnreachableError,
  type NatsConnectError,
  type NatsTarget,
} from './nats.errors.js';
import { redactUrl, type NatsOptions } from './nats.options.js';
import type { Socket } from 'node:net';

/** Between two tries to resume a dropped TCP connection, in ms; a refused local port answers in under 1 ms. */
const RESUME_RETRY_MS = 250;
/** The share of our own timer that the client's connect request may use, so that its answer names the cause. */
const REQUEST_SHARE = 0.75;

/** What a failed attempt says, and which error it becomes; the first row that fits counts. */
const CONNECT_ERRORS: readonly [
  RegExp,
  new (reason: string, target: NatsTarget, options?: ErrorOptions) => NatsConnectError,
  string,
][] = [
  [/ENOTFOUND|EAI_AGAIN/, NatsHostNotFoundError, 'The host name of NATS has no address'],
  [/connect request timeout/, NatsClusterNotFoundError, 'No streaming server with this cluster id answered'],
  [/clientID already registered/, NatsClientIdTakenError, 'The client id belongs to another living client'],
  [
    /Could not connect|Connection closed|ECONNREFUSED|ECONNRESET|EHOSTUNREACH/,
    NatsUnreachableError,
    'NATS is not reachable',
  ],
];

/** What error messages may say of the options. */
export function targetOf(options: NatsOptions): NatsTarget {
  return { url: redactUrl(options.url), clusterId: options.clusterId, clientId: options.clientId };
}

/** The client emits Error objects and, from the server, plain strings; Nest's filters throw `{ status, message }`. */
export function toError(value: unknown): Error {
  if (value instanceof Error) return value;
  const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : value;
  return new Error(String(message), { cause: value });
}

/**
 * Opens one client and settles always: the raw client emits nothing at all when its first peer accepts and
 * stays silent, so the bound is a timer of ours. `error` is listened to from the first moment and for good:
 * without a listener the client's error would end the process.
 *
 * @throws NatsConnectError one subclass for each cause; a client that did not connect is closed again
 */
export function openStreamingClient(options: NatsOptions): Promise<Stan> {
  const target = targetOf(options);
  const client = connect(options.clusterId, options.clientId, clientOptionsOf(options));
  client.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    const fail = (error: NatsConnectError) => {
      clearTimeout(timer);
      // First the reason: discarding the client makes it emit `close`, which would be taken for one.
      reject(error);
      client.off('connect', succeed).off('error', failed).off('close', closed);
      firstSocket?.off('close', hungUpSoon);
      discardClient(client);
    };
    const succeed = () => {
      clearTimeout(timer);
      client.off('error', failed);
      client.off('close', closed);
      firstSocket?.off('close', hungUpSoon);
      resolve(client);
    };
    const failed = (cause: unknown) => fail(connectErrorOf(cause, target));
    const closed = () =>
      fail(new NatsUnreachableError('NATS closed the connection while it was made', target));
    const hungUp = () => fail(new NatsUnreachableError('NATS accepted the connection and hung up', target));
    // Later, because what the client says of a connection that ended for a reason it says before that.
    const hungUpSoon = () => setImmediate(hungUp);
    const timer = setTimeout(() => {
      fail(new NatsSilentPeerError(`NATS did not answer within ${options.connectTimeoutMs} ms`, target));
    }, options.connectTimeoutMs);
    client.once('connect', succeed).once('error', failed).once('close', closed);
    // A peer that accepts and hangs up is dialled again at once, and again, and the client says nothing.
    const firstSocket = socketOf(client);
    firstSocket?.once('close', hungUpSoon);
  });
}

/** Every one is given: the client's own defaults notice a silent peer after 20 s, and let a publish wait for 30 s. */
function clientOptionsOf(options: NatsOptions): StanOptions {
  const { credentials, tls } = options;
  return {
    // The scheme says only how to parse it, but the client takes `http` for a URL with a default port.
    url: options.url.replace(/^http:/, 'nats:'),
    connectTimeout: Math.ceil(options.connectTimeoutMs * REQUEST_SHARE),
    ackTimeout: options.ackTimeoutMs,
    stanPingInterval: options.pingIntervalMs,
    stanMaxPingOut: options.pingsOutMax,
    pingInterval: options.pingIntervalMs,
    maxPingOut: options.pingsOutMax,
    // How long a connection may stay interrupted is decided by NatsConnection, not by a count here.
    maxReconnectAttempts: -1,
    reconnectTimeWait: RESUME_RETRY_MS,
    ...(credentials?.user === undefined ? {} : { user: credentials.user }),
    ...(credentials?.password === undefined ? {} : { pass: credentials.password.reveal() }),
    ...(credentials?.token === undefined ? {} : { token: credentials.token.reveal() }),
    ...(tls === undefined ? {} : { tls: { ...tls, ...(tls.key ? { key: tls.key.reveal() } : {}) } as never }),
  };
}

function connectErrorOf(cause: unknown, target: NatsTarget): NatsConnectError {
  const error = toError(cause);
  const [, ErrorClass, reason] = CONNECT_ERRORS.find(([pattern]) => pattern.test(error.message)) ?? [
    undefined,
    NatsConnectRefusedError,
    `NATS refused the connection: ${error.message}`,
  ];
  return new ErrorClass(reason, target, { cause: error });
}

/** What is used of the inner NATS client. */
interface InnerClient {
  close(): void;
  /** Sends PING; the callback comes with PONG, or with an error when the connection ends. */
  flush?(callback: (error?: Error) => void): void;
  /** The TCP or TLS socket; another one after each reconnect, null while there is none. */
  readonly stream?: Socket | null;
}

/** The inner NATS client, which the declared type hides; absent once the client closed it. */
function innerClient(client: Stan): InnerClient | undefined {
  return (client as Stan & { nc?: InnerClient }).nc;
}

function socketOf(client: Stan): Socket | undefined {
  return innerClient(client)?.stream ?? undefined;
}

/**
 * Calls back when everything published so far has left the process, and not at all if the connection ends
 * before. The inner client collects what is published and writes it in a `setImmediate` of its own, which was
 * asked for before this one; an empty write after it is called back when the operating system has the rest.
 */
export function whenSent(client: Stan, sent: () => void): void {
  const socket = socketOf(client);
  setImmediate(() => {
    if (!socket || socket.destroyed || socketOf(client) !== socket) return;
    socket.write('', (error) => {
      if (!error) sent();
    });
  });
}

/** Sends a PING. Resolves with the time to its PONG, in ms, or with undefined when none came in time. */
export async function roundTripOf(client: Stan, timeoutMs: number): Promise<number | undefined> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    innerClient(client)?.flush?.((error) => {
      clearTimeout(timer);
      resolve(error ? undefined : Math.round((performance.now() - startedAt) * 1_000) / 1_000);
    });
  });
}

/**
 * Ends a client without a word to the server. The streaming client goes first, so that pending publishes
 * are called back now and not by their timers; then the socket, so that nothing that it still buffers
 * arrives later.
 */
export function discardClient(client: Stan): void {
  const inner = innerClient(client);
  client.close();
  inner?.close();
}

/** Closes a client so that the server forgets it. Resolves when it did, or after `timeoutMs`. */
export async function closeClient(client: Stan, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
    client.once('close', () => resolve());
    client.close();
  });
  clearTimeout(timer);
  innerClient(client)?.close();
}
