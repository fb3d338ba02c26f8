import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';

const START_DEADLINE_MS = 10_000;
const LISTENING = /Listening for client connections on (\S+):(\d+)/;
/** The real server says it listens before its streaming part answers; this line comes after. */
const READY = /Streaming Server is ready/;

/** A server in a process of its own. */
export interface ServerProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly url: string;
  /** Everything it has written so far. */
  readonly output: () => string;
  /** Resolves with exit code and signal when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<[number | null, NodeJS.Signals | null]>;
}

/** Starts a server command and resolves when it takes connections. */
export async function startCommand(
  command: string,
  args: string[],
  ready = LISTENING,
): Promise<ServerProcess> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  let output = '';
  const listening = new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      if (ready.test(output)) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    const fail = (reason: string): void =>
      reject(new Error(`${command} ${args.join(' ')}: ${reason}\n${output}`));
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`exit ${code}`));
    setTimeout(fail, START_DEADLINE_MS, 'not ready in time').unref();
  });
  const stop: ServerProcess['stop'] = (signal = 'SIGTERM') => {
    child.kill(signal);
    return exited;
  };
  try {
    await listening;
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }
  const port = Number(LISTENING.exec(output)?.[2]);
  return { child, port, url: `nats://127.0.0.1:${port}`, output: () => output, stop };
}

/** This server's command as it was built: `nest build streaming-server`. */
export function startOwnServer(args: string[]): Promise<ServerProcess> {
  const root = join(import.meta.dirname, '../../../..');
  const main = join(root, 'dist/libs/streaming-server/libs/streaming-server/src/main.js');
  return startCommand(process.execPath, [main, '-p', '0', ...args]);
}

/** The real server's binary: named by NATS_STREAMING_SERVER, or found on PATH. */
export function findRealServer(): string | undefined {
  const { NATS_STREAMING_SERVER, PATH = '' } = process.env;
  const candidates = PATH.split(delimiter).map((directory) => join(directory, 'nats-streaming-server'));
  return [NATS_STREAMING_SERVER, ...candidates].find((path) => path !== undefined && isExecutable(path));
}

/** The real server takes no port 0 for a free one. */
export async function startRealServer(binary: string, args: string[] = []): Promise<ServerProcess> {
  const port = String(await freePort());
  return startCommand(binary, ['-a', '127.0.0.1', '-p', port, ...args], READY);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
