import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreLockedError } from '../../errors.js';

/** A socket's path must be short: 104 bytes with its end on some systems. */
const SOCKET_PATH_MAX_BYTES = 100;

/** Keeps others from a directory until it is called. */
export type Release = () => Promise<void>;

/**
 * Locks a directory for this process by listening on a socket in it. Unlike a file with a process id, that can't be
 * mistaken: the system takes the socket away from a process that dies in any way, and ids are not asked for.
 * Throws `StoreLockedError` if another process holds it.
 */
export async function lockDirectory(directory: string): Promise<Release> {
  const path = await socketPath(directory);
  const server = createServer((socket) => socket.destroy()).unref();
  if (!(await listen(server, path))) {
    if (await answers(path)) throw new StoreLockedError(directory);
    // Left by a process that was killed.
    await rm(path, { force: true });
    if (!(await listen(server, path))) throw new StoreLockedError(directory);
  }
  return async () => {
    server.close();
    await once(server, 'close');
  };
}

async function socketPath(directory: string): Promise<string> {
  const resolved = await realpath(directory);
  const digest = createHash('sha256').update(resolved).digest('hex').slice(0, 32);
  if (process.platform === 'win32') return `\\\\.\\pipe\\nats-streaming-${digest}`;
  const path = join(resolved, 'lock.sock');
  if (Buffer.byteLength(path) <= SOCKET_PATH_MAX_BYTES) return path;
  return join(tmpdir(), `nats-streaming-${digest}.sock`);
}

/** False if the path is taken. */
function listen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error);
    server.once('error', fail);
    server.listen(path, () => {
      server.off('error', fail);
      resolve(true);
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
  });
}
