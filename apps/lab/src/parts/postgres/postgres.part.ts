import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PartStartError } from '../../lab.errors.js';
import { within } from '../deadline.js';
import { labFile } from '../repository.js';
import { makeRunDirectory, noteOwner, sweepDeadRuns } from '../run-directory.js';
import { execute } from '../sql.js';
import { installedBinaries } from './binaries.js';
import type { HostAction, HostReport, HostRequest } from './host-report.js';

/** A copy of the binaries, initdb and the start take 2 s together; a machine out of breath takes longer. */
const START_MS_MAX = 120_000;
const STOP_MS_MAX = 45_000;

/** A PostgreSQL of the lab's own. */
export interface PostgresPart {
  /** The URL of the superuser, in the database `postgres`. */
  readonly adminUrl: string;
  /** Makes a database, from `template` where given (one that nobody is connected to), and returns its URL. */
  createDatabase(name: string, template?: string): Promise<string>;
  /** Kills all its processes at one moment, without a word. Nothing that was committed is lost. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, and resolves when it has recovered at the same address. */
  restart(): Promise<void>;
  /** `kill` and `restart`. */
  crash(): Promise<void>;
  /** Stops all its processes in the middle of what they do (SIGSTOP); its connections stay, and nobody answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Stops the server and removes its data. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL that ends with this process, however it ends.
 * @param say takes one line for the user, when something is out of the ordinary
 * @param installed where its binaries are; by default the npm package's
 * @throws PartStartError
 */
export async function startPostgres(
  say: (line: string) => void,
  installed = installedBinaries(),
): Promise<PostgresPart> {
  const swept = await sweepDeadRuns();
  if (swept > 0) say(`removed what ${swept} killed run(s) had left behind`);
  const directory = await makeRunDirectory();
  const host = spawn(process.execPath, [labFile('parts/postgres/host.js'), directory, installed], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    windowsHide: true,
  });
  if (host.pid !== undefined) await noteOwner(directory, host.pid);
  const { port, password } = await within('PostgreSQL', START_MS_MAX, ready(host, say));
  const ask = askerOf(host);
  const urlOf = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  return {
    adminUrl: urlOf('postgres'),
    createDatabase: async (name, template) => {
      await execute(urlOf('postgres'), createDatabaseSql(name, template));
      return urlOf(name);
    },
    kill: () => ask('kill'),
    restart: () => ask('restart'),
    crash: () => ask('kill').then(() => ask('restart')),
    pause: () => ask('pause'),
    resume: () => ask('resume'),
    stop: () => stop(host),
  };
}

/** Requests are answered by their numbers: several may be under way. */
function askerOf(host: ChildProcess): (action: HostAction) => Promise<void> {
  let requests = 0;
  return async (action) => {
    const number = (requests += 1);
    const answered = new AbortController();
    const answer = new Promise<HostReport>((resolve) => {
      const listen = (report: HostReport) => {
        if ('request' in report && report.request === number) resolve(report);
      };
      host.on('message', listen);
      answered.signal.addEventListener('abort', () => host.off('message', listen));
    });
    try {
      host.send({ number, action } satisfies HostRequest);
      const report = await within(`PostgreSQL: ${action}`, START_MS_MAX, answer);
      if (report.kind === 'failed') throw new PartStartError('PostgreSQL', report.message);
    } finally {
      answered.abort();
    }
  };
}

async function ready(
  host: ChildProcess,
  say: (line: string) => void,
): Promise<{ port: number; password: string }> {
  return new Promise((resolve, reject) => {
    host.on('message', (report: HostReport) => {
      if (report.kind === 'ready') resolve(report);
      else if (report.kind === 'note') say(report.text);
      else if (report.kind === 'failed') reject(new PartStartError('PostgreSQL', report.message));
    });
    host.once('error', (cause) => reject(new PartStartError('PostgreSQL', cause.message, { cause })));
    host.once('exit', (code) =>
      reject(new PartStartError('PostgreSQL', `its host process ended with code ${code}`)),
    );
  });
}

async function stop(host: ChildProcess): Promise<void> {
  if (host.exitCode !== null || host.signalCode !== null) return;
  const gone = once(host, 'exit');
  if (host.connected) host.disconnect();
  await within('PostgreSQL to stop', STOP_MS_MAX, gone);
}

function createDatabaseSql(name: string, template: string | undefined): string {
  const quote = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;
  return `CREATE DATABASE ${quote(name)}${template === undefined ? '' : ` TEMPLATE ${quote(template)}`}`;
}
