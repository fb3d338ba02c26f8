import { existsSync } from 'node:fs';
import { access, constants, mkdir } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { runCollected } from './children.mjs';

/** The servers that ours is compared with: where to name one, its binary, and how Go brings it. */
export const REAL_SERVERS = {
  streaming: {
    variable: 'NATS_STREAMING_SERVER',
    binary: 'nats-streaming-server',
    source: 'github.com/nats-io/nats-streaming-server@v0.25.6',
  },
};

/** Go's own build cache makes a second install cheap; this keeps even that away. */
const INSTALLED = resolve('node_modules/.cache/real-servers');

/**
 * Finds a real server's binary: named by its variable, on the PATH, or built by Go where Go is.
 * @returns its path, or undefined where there is neither
 * @throws Error where Go is present and cannot build it
 */
export async function findRealServer({ variable, binary, source }) {
  const named = process.env[variable];
  if (named !== undefined && named !== '') {
    if (await isExecutable(named)) return named;
    throw new Error(`${variable}=${named} is not a program that can be run`);
  }
  const places = [...(process.env.PATH ?? '').split(delimiter), INSTALLED].filter((place) => place !== '');
  for (const place of places) {
    const path = join(place, binary);
    if (existsSync(path) && (await isExecutable(path))) return path;
  }
  return install(binary, source);
}

async function install(binary, source) {
  const go = await runCollected('go', ['version']).catch(() => undefined);
  if (go?.code !== 0) return undefined;
  await mkdir(INSTALLED, { recursive: true });
  console.log(`Building ${source} …`);
  const { code, output } = await runCollected('go', ['install', source], {
    env: { ...process.env, GOBIN: INSTALLED },
  });
  if (code !== 0) throw new Error(`go install ${source} failed:\n${output}`);
  return join(INSTALLED, binary);
}

async function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
