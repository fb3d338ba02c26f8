import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below every system's range for outgoing connections (Linux 32768+, macOS and Windows 49152+): a port that is closed
 * for a while cannot be taken by a client meanwhile, nor can a client that dials it reach itself.
 */
const PORT_FROM = 15_000;
const PORT_BELOW = 30_000;
const TRIES_MAX = 50;

/** A port of this machine that nothing listens on now. Another process may still take it first: be ready to ask again. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(PORT_FROM, PORT_BELOW);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${PORT_FROM} and ${PORT_BELOW} in ${TRIES_MAX} tries`);
}

/** Whether `port` of 127.0.0.1 can be listened on now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}
