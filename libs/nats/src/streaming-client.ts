import type { Socket } from 'node:net';
import { connect, type Stan, type StanOptions } from 'node-nats-streaming';
import { addressOf, securityOf } from './client-security.js';
import type { StreamingOptions } from './driver.options.js';
import {
  NatsClientIdTakenError,
  NatsClusterNotFoundError,
  NatsConnectRefusedError,
  NatsSilentPeerError,
  NatsUnreachableError,
  type NatsConnectError,
} from './nats.errors.js';
import type { NatsOptions } from './nats.options.js';
import { networkErrorOf, tlsHint } from './network-errors.js';
import { targetOf, type NatsTarget } from './target.js';
import { toError } from './to-error.js';

/** Between two tries to resume a dropped TCP connection, in ms; a refused local port answers in under 1 ms. */
const RESUME_RETRY_MS = 250;
/**
 * How many unanswered pings more the streaming server is given than the TCP peer: after the peer has been given up, one
 * may be lost with it, and one has to go out and be answered over the resumed connection. With as many for both, chance
 * decides whether a silent peer is dialled again or the whole connection is given up.
 */
const STREAMING_PINGS_MORE = 3;
/** The share of our own timer that the client's connect request may use, so that its answer names the cause. */
const REQUEST_SHARE = 0.75;

/** What a failed attempt says, and which error it becomes; the first row that fits counts. */
const CONNECT_ERRORS: readonly [
  RegExp,
  new (reason: string, target: NatsTarget, options?: ErrorOptions) => NatsConnectError,
  string,
][] = [
  [/connect request timeout/, NatsClusterNotFoundError, 'No streaming server with this cluster id answered'],
  [/clientID already registered/, NatsClientIdTakenError, 'The client id belongs to another living client'],
  [
    /Could not connect|Connection closed|ECONNREFUSED|ECONNRESET|EHOSTUNREACH/,
    NatsUnreachableError,
    'NATS is not reachable',
  ],
];

/**
 * Opens one client and settles always: the raw client emits nothing at all when its first peer accepts and
 * stays silent, so the bound is a timer of ours. `error` is listened to from the first moment and for good:
 * without a listener the client's error would end the process.
 *
 * @throws NatsConnectError one subclass for each cause; a client that did not connect is closed again
 */
export function openStreamingClient(options: NatsOptions<StreamingOptions>): Promise<Stan> {
  const target = targetOf(options);
  const client = connect(options.driver.clusterId, options.clientId, clientOptionsOf(options));
  client.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearTimeout(timer);
      client.off('connect', succeed).off('error', failed).off('close', closed);
      stopWatching();
    };
    const fail = (error: NatsConnectError) => {
      // First the reason: discarding the client makes it emit `close`, which would be taken for one.
      reject(error);
      settle();
      discardClient(client);
    };
    const succeed = () => {
      settle();
      resolve(client);
    };
    const failed = (cause: unknown) => fail(connectErrorOf(cause, options));
    const closed = () =>
      fail(new NatsUnreachableError('NATS closed the connection while it was made', target));
    const hungUp = () =>
      fail(new NatsUnreachableError(`NATS accepted the connection and hung up${tlsHint(options)}`, target));
    // Later, because what the client says of a connection that ended for a reason it says before that.
    const hungUpSoon = () => setImmediate(hungUp);
    const timer = setTimeout(() => {
      const reason = `NATS did not answer within ${options.connectTimeoutMs} ms${tlsHint(options)}`;
      fail(new NatsSilentPeerError(reason, target));
    }, options.connectTimeoutMs);
    client.once('connect', succeed).once('error', failed).once('close', closed);
    // A peer that accepts and hangs up is dialled again at once, and again, and the client says nothing.
    const stopWatching = onClose(socketOf(client), hungUpSoon);
  });
}

/**
 * Calls back when the socket has closed, until the returned function is called. The client takes every listener
 * off its socket when TLS begins over it, on data; those of the same moment are still called, and listen again.
 */
function onClose(socket: Socket | undefined, closed: () => void): () => void {
  let stopped = false;
  const listen = () => {
    if (!stopped) socket?.off('close', closed).once('close', closed);
  };
  socket?.on('data', listen);
  listen();
  return () => {
    stopped = true;
    socket?.off('data', listen).off('close', closed);
  };
}

/** Every one is given: the client's own defaults notice a silent peer after 20 s, and let a publish wait for 30 s. */
function clientOptionsOf(options: NatsOptions): StanOptions {
  const { tls, ...credentials } = securityOf(options);
  return {
    // Address only: the rest of the URL is in the options below.
    url: `nats://${addressOf(options)}`,
    connectTimeout: Math.ceil(options.connectTimeoutMs * REQUEST_SHARE),
    ackTimeout: options.ackTimeoutMs,
    stanPingInterval: options.pingIntervalMs,
    stanMaxPingOut: options.pingsOutMax + STREAMING_PINGS_MORE,
    pingInterval: options.pingIntervalMs,
    maxPingOut: options.pingsOutMax,
    // How long a connection may stay interrupted is decided by NatsConnection, not by a count here.
    maxReconnectAttempts: -1,
    reconnectTimeWait: RESUME_RETRY_MS,
    ...credentials,
    ...(tls ? { tls } : {}),
  };
}

function connectErrorOf(cause: unknown, options: NatsOptions): NatsConnectError {
  const error = toError(cause);
  const networkError = networkErrorOf(error, options);
  if (networkError) return networkError;
  const [, ErrorClass, reason] = CONNECT_ERRORS.find(([pattern]) => pattern.test(error.message)) ?? [
    undefined,
    NatsConnectRefusedError,
    `NATS refused the connection: ${error.message}`,
  ];
  return new ErrorClass(reason, targetOf(options), { cause: error });
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
