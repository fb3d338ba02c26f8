import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';

const START_DEADLINE_MS = 10_000;

/** A server in a process of its own. */
export interface ServerProcess {
  readonly child: ChildProcess;
  /** Resolves when it is gone. Safe to call twice. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a server's binary and resolves when its output says that it is ready. */
export async function startServer(
  binary: string,
  args: readonly string[],
  ready: RegExp,
): Promise<ServerProcess> {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let output = '';
  let timer: NodeJS.Timeout | undefined;
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    await exited;
  };
  const isReady = new Promise<void>((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`${binary} ${args.join(' ')}: ${reason}\n${output}`));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (ready.test(output)) resolve();
      });
    }
    child.once('exit', (code) => fail(`exit ${code}`));
    timer = setTimeout(fail, START_DEADLINE_MS, 'not ready in time');
  });
  try {
    await isReady;
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return { child, stop };
}

/** A binary that a variable names or that is on the PATH. */
export function findBinary(name: string, variable: string): string | undefined {
  const { [variable]: named, PATH = '' } = process.env;
  const candidates = PATH.split(delimiter).map((directory) => join(directory, name));
  return [named, ...candidates].find((path) => path !== undefined && isExecutable(path));
}

/** A port that was free a moment ago, for servers that take no port 0. */
export async function freePort(): Promise<number> {
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
