import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Where binaries that `go install` made are kept; node_modules is ignored by git and by Jest alike. */
const CACHE = resolve('node_modules/.cache/real-servers');

/** The servers that ours are compared with, in the versions that the tests were written against. */
export const REAL_SERVERS = [
  { name: 'nats-server', variable: 'NATS_SERVER', source: 'github.com/nats-io/nats-server/v2@v2.15.2' },
  {
    name: 'nats-streaming-server',
    variable: 'NATS_STREAMING_SERVER',
    source: 'github.com/nats-io/nats-streaming-server@v0.25.6',
  },
];

/**
 * Finds the real servers: by their variables, on the PATH, in the cache; where Go is present, a missing one is
 * installed into the cache.
 *
 * @returns the variables that name them; one that could not be had is left out
 */
export function realServers(environment = process.env) {
  const found = {};
  for (const { name, variable, source } of REAL_SERVERS) {
    const binary = find(name, environment[variable], environment.PATH) ?? install(name, source);
    if (binary === undefined) console.error(`No ${name}: put it on the PATH, or its path into ${variable}`);
    else found[variable] = binary;
  }
  return found;
}

function find(name, named, path = '') {
  const directories = [...path.split(delimiter).filter(Boolean), CACHE];
  return [named, ...directories.map((directory) => join(directory, name))].find(isExecutable);
}

function install(name, source) {
  if (spawnSync('go', ['version']).status !== 0) return undefined;
  console.log(`Installing ${source} once …`);
  const { status } = spawnSync('go', ['install', source], {
    env: { ...process.env, GOBIN: CACHE },
    stdio: 'inherit',
  });
  return status === 0 ? find(name) : undefined;
}

function isExecutable(path) {
  if (!path) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
