import { isIP } from 'node:net';
import type { NatsOptions } from './nats.options.js';

/** What both clients are told of who this is and whom to trust, secrets revealed; they name it alike. */
export interface ClientSecurity {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly host?: string;
    readonly servername?: string;
  };
}

/**
 * Takes the credentials and the wish for TLS out of the URL, because neither client does it well: one reads
 * nothing of it, the other leaves `p%40ss` as it is and cuts a password at its colon. Options come before the URL.
 */
export function securityOf(options: NatsOptions): ClientSecurity {
  const url = parsed(options);
  return { ...credentialsOf(options, url), ...tlsOf(options, url) };
}

/** `host:port`. */
export function addressOf(options: NatsOptions): string {
  return parsed(options).host;
}

/** The scheme says only how to parse it, but a URL of scheme `http` drops its port where that is 80. */
function parsed({ url }: NatsOptions): URL {
  return new URL(url.replace(/^http:/, 'nats:'));
}

function credentialsOf({ credentials }: NatsOptions, { username, password }: URL): ClientSecurity {
  if (credentials?.token) return { token: credentials.token.reveal() };
  if (credentials?.user !== undefined) {
    return {
      user: credentials.user,
      ...(credentials.password ? { pass: credentials.password.reveal() } : {}),
    };
  }
  if (username === '') return {};
  const user = decoded(username);
  return password === '' ? { token: user } : { user, pass: decoded(password) };
}

function tlsOf({ tls = {} }: NatsOptions, { protocol, hostname }: URL): ClientSecurity {
  const { ca, cert, key } = tls;
  if (protocol !== 'tls:' && ca === undefined && cert === undefined) return {};
  return {
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key: key.reveal() }),
      ...peerNameOf(hostname.replace(/^\[|\]$/g, '')),
    },
  };
}

/**
 * Whose certificate it must be. Left alone, the client for NATS Streaming asks for that of `localhost`, whatever
 * the URL says, and the one for JetStream does where the URL has an IP address. TLS allows no IP as a server name.
 */
function peerNameOf(host: string): { readonly host?: string; readonly servername?: string } {
  return isIP(host) ? { host } : { servername: host };
}

/** A percent sign that begins no escape stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
