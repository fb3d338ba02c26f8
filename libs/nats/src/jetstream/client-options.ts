import type { NodeConnectionOptions } from '@nats-io/transport-node';
import type { NatsOptions } from '../nats.options.js';

/** Between two tries to resume a dropped TCP connection, in ms; the client's own default is 2,000. */
const RESUME_RETRY_MS = 250;

/** The NATS client's options: what a URL carries is taken out of it, since this client reads the address only. */
export function clientOptionsFrom(options: NatsOptions): NodeConnectionOptions {
  const url = new URL(options.url);
  return {
    servers: url.host,
    name: options.clientId,
    ...credentialsOf(options, url),
    ...tlsOf(options, url),
    timeout: options.connectTimeoutMs,
    pingInterval: options.pingIntervalMs,
    maxPingOut: options.pingsOutMax,
    // How long a connection may stay interrupted is decided by JetStreamConnection, not by a count here.
    maxReconnectAttempts: -1,
    reconnectTimeWait: RESUME_RETRY_MS,
  };
}

function credentialsOf({ credentials }: NatsOptions, { username, password }: URL): NodeConnectionOptions {
  if (credentials?.token) return { token: credentials.token.reveal() };
  if (credentials?.user !== undefined) {
    return {
      user: credentials.user,
      ...(credentials.password ? { pass: credentials.password.reveal() } : {}),
    };
  }
  if (username === '') return {};
  const user = decodeURIComponent(username);
  return password === '' ? { token: user } : { user, pass: decodeURIComponent(password) };
}

function tlsOf({ tls }: NatsOptions, { protocol }: URL): NodeConnectionOptions {
  if (!tls) return protocol === 'tls:' ? { tls: {} } : {};
  const { ca, cert, key } = tls;
  return {
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key: key.reveal() }),
    },
  };
}
