import { securityOf } from './client-security.js';
import {
  NatsHostNotFoundError,
  NatsTlsError,
  NatsUnreachableError,
  type NatsConnectError,
} from './nats.errors.js';
import type { NatsOptions } from './nats.options.js';
import { targetOf } from './target.js';

const NO_ADDRESS = /ENOTFOUND|EAI_AGAIN/;
/** In the words of Node, of OpenSSL and of the clients. */
const NO_TLS = /certificate|altnames|routines:|TLS (credentials|connection)|'tls'|secure connection/i;
const BROKEN_OFF = /ECONNRESET|EPIPE/;

/** The error for what fails alike under both clients: names and TLS. Undefined for all that each has words for. */
export function networkErrorOf(cause: Error, options: NatsOptions): NatsConnectError | undefined {
  const target = targetOf(options);
  const message = cause.message.trim();
  if (NO_ADDRESS.test(message)) {
    return new NatsHostNotFoundError('The host name of NATS has no address', target, { cause });
  }
  if (NO_TLS.test(message)) {
    const reason = `TLS with NATS failed (${message}); see NATS_TLS_CA, NATS_TLS_CERT and NATS_TLS_KEY`;
    return new NatsTlsError(reason, target, { cause });
  }
  const hint = tlsHint(options);
  if (!hint || !BROKEN_OFF.test(message)) return undefined;
  return new NatsUnreachableError(`NATS broke the connection off${hint}`, target, { cause });
}

/**
 * What may be behind it when a server says no more. One that does not accept this client's certificate tells it when
 * the client takes the handshake of TLS 1.3 for done and writes already: one client then sees a reset, the other
 * nothing at all.
 */
export function tlsHint(options: NatsOptions): string {
  return securityOf(options).tls
    ? '; with TLS it may also want another certificate of this client (NATS_TLS_CERT)'
    : '';
}
