import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PartStartError } from '../lab.errors.js';
import { startBroker, type Broker, type BrokerOptions } from './broker.js';
import { startBinary } from './node-process.js';
import { repositoryRoot } from './repository.js';

/** Where the scripts keep what they installed once; `scripts/real-servers.mjs` says the same. */
const CACHE = join(repositoryRoot, 'node_modules', '.cache', 'real-servers');

/** The path of `nats-server`: NATS_SERVER, or one on the PATH, or one that was installed; undefined where there is none. */
export function natsServerBinary(): string | undefined {
  const { NATS_SERVER, PATH = '' } = process.env;
  const directories = [...PATH.split(delimiter).filter(Boolean), CACHE];
  return [NATS_SERVER, ...directories.map((directory) => join(directory, 'nats-server'))].find(isExecutable);
}

/**
 * Starts a NATS server with JetStream on 127.0.0.1, its store in files. It may outlive this process, if that is killed.
 * @throws PartStartError, also where there is no binary
 */
export async function startNatsServer({ port }: Pick<BrokerOptions, 'port'> = {}): Promise<Broker> {
  const binary = natsServerBinary();
  if (binary === undefined)
    throw new PartStartError('NATS', 'no nats-server: put it on the PATH, or its path into NATS_SERVER');
  return startBroker(
    {
      name: 'NATS',
      clusterId: 'bank',
      environment: { NATS_DRIVER: 'jetstream' },
      ready: [/Server is ready/],
      launch: (onPort, directory = '', log) =>
        startBinary(binary, ['-a', '127.0.0.1', '-p', String(onPort), '-js', '-sd', directory], log),
    },
    { store: 'file', ...(port === undefined ? {} : { port }) },
  );
}

function isExecutable(path: string | undefined): path is string {
  if (!path) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
