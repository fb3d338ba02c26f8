import type { NodeConnectionOptions } from '@nats-io/transport-node';
import { addressOf, securityOf } from '../client-security.js';
import type { NatsOptions } from '../nats.options.js';

/** Between two tries to resume a dropped TCP connection, in ms; the client's own default is 2,000. */
const RESUME_RETRY_MS = 250;
/** Added at random, in ms; over TLS it would be up to a second, half of what a resumption may take at all. */
const RESUME_JITTER_MS = 100;

/** The NATS client's options: what a URL carries is taken out of it, since this client reads the address only. */
export function clientOptionsFrom(options: NatsOptions): NodeConnectionOptions {
  return {
    servers: addressOf(options),
    name: options.clientId,
    ...securityOf(options),
    timeout: options.connectTimeoutMs,
    pingInterval: options.pingIntervalMs,
    maxPingOut: options.pingsOutMax,
    // How long a connection may stay interrupted is decided by JetStreamConnection, not by a count here.
    maxReconnectAttempts: -1,
    reconnectTimeWait: RESUME_RETRY_MS,
    reconnectJitterTLS: RESUME_JITTER_MS,
  };
}
