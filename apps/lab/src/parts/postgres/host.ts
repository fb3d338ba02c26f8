/**
 * The process that keeps PostgreSQL for a lab, and outlives it by the moment it takes to stop the server and to remove
 * its data. It stands in a process group of its own, so that Ctrl-C reaches the services and not the database under
 * them; it sees the lab's end, even by kill -9, as the end of the IPC channel.
 *
 * Started as `node host.js <run directory> <directory of the installed binaries>`.
 */
import { rm } from 'node:fs/promises';
import { once } from 'node:events';
import { messageOf, PartStartError } from '../../lab.errors.js';
import { dataDirectoryOf } from '../run-directory.js';
import { runnableBinaries } from './binaries.js';
import {
  killCluster,
  restartCluster,
  signalCluster,
  startCluster,
  stopCluster,
  type ClusterOptions,
} from './cluster.js';
import type { HostAction, HostReport, HostRequest } from './host-report.js';
import { unprivilegedUser } from './system-user.js';

const [runDirectory = '', installed = ''] = process.argv.slice(2);
const stop = new AbortController();

process.once('disconnect', () => stop.abort());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

function report(message: HostReport): void {
  if (process.connected) process.send?.(message);
}

async function keepPostgres(): Promise<void> {
  const user = unprivilegedUser();
  if (user === undefined) {
    throw new PartStartError(
      'PostgreSQL',
      'it refuses to run as root, and /etc/passwd has no user `postgres` or `nobody` to run it as: make one ' +
        '(`useradd --system postgres`), run as an ordinary user, or set TRANSACTIONS_DATABASE_URL and ' +
        'ACCOUNTS_DATABASE_URL to databases of your own.',
    );
  }
  const binaries = await runnableBinaries(installed, runDirectory, user);
  if (binaries.note !== undefined) report({ kind: 'note', text: binaries.note });
  const cluster = { binaries: binaries.directory, dataDirectory: dataDirectoryOf(runDirectory), user };
  try {
    report({ kind: 'ready', ...(await startCluster({ ...cluster, signal: stop.signal })) });
    let last: Promise<void> = Promise.resolve();
    process.on('message', (request: HostRequest) => {
      last = last.then(() => answer(request, { ...cluster, signal: stop.signal }));
    });
    if (!stop.signal.aborted) await once(stop.signal, 'abort');
  } finally {
    await stopCluster(cluster);
  }
}

const ACTIONS: Record<HostAction, (cluster: ClusterOptions) => Promise<void>> = {
  kill: killCluster,
  restart: restartCluster,
  pause: (cluster) => signalCluster(cluster, 'SIGSTOP'),
  resume: (cluster) => signalCluster(cluster, 'SIGCONT'),
};

async function answer({ number, action }: HostRequest, cluster: ClusterOptions): Promise<void> {
  try {
    await ACTIONS[action](cluster);
    report({ kind: 'done', request: number });
  } catch (error) {
    report({ kind: 'failed', message: messageOf(error), request: number });
  }
}

try {
  await keepPostgres();
} catch (error) {
  report({ kind: 'failed', message: messageOf(error) });
} finally {
  await rm(runDirectory, { recursive: true, force: true });
  if (process.connected) process.disconnect();
}
