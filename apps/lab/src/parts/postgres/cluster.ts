import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, PartStartError } from '../../lab.errors.js';
import { until } from '../deadline.js';
import { freePort } from '../free-port.js';
import { isAliveWith } from '../process-facts.js';
import { signalFamily, signalIfThere } from './process-family.js';
import { postmasterOf } from '../run-directory.js';
import type { SystemUser } from './system-user.js';

const run = promisify(execFile);

/** Somebody may take the port between our look and PostgreSQL's. */
const START_TRIES_MAX = 5;
/** Two services with pools of 10, the auditor, and Jest's workers with the suites' own pools. */
const CONNECTIONS_MAX = 200;
/** pg_ctl gives up after this; a start takes 0.1 s, and longer only on a machine that is out of breath. */
const START_S_MAX = 60;
const STOP_S_MAX = 30;
const LOG_TAIL_LINES = 12;

/** What a cluster is made from. */
export interface ClusterOptions {
  /** The directory with `bin`, `lib` and `share`. */
  readonly binaries: string;
  readonly dataDirectory: string;
  /** Whom the server runs as; null: the user of this process. */
  readonly user: SystemUser | null;
  /** Ends a program under way, as when the lab is gone. */
  readonly signal: AbortSignal;
}

/** Where a cluster that runs can be reached, as its superuser `postgres`. */
export interface ClusterAddress {
  readonly port: number;
  readonly password: string;
}

/**
 * Makes a database cluster and starts it, on 127.0.0.1 and a free port only, with a password that nobody else knows.
 * Writes are as durable as PostgreSQL's defaults make them: the lab's findings must not hang on a switched off fsync.
 * @throws PartStartError with the end of the server's log
 */
export async function startCluster(options: ClusterOptions): Promise<ClusterAddress> {
  const password = randomBytes(24).toString('hex');
  await initialise(options, password);
  const log = join(options.dataDirectory, 'server.log');
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    await configure(options.dataDirectory, port);
    const code = await pgCtl(options, ['start', '-w', '-t', String(START_S_MAX), '-l', log]);
    if (code === 0) return { port, password };
    options.signal.throwIfAborted();
    const tail = await tailOf(log);
    if (tries === START_TRIES_MAX || !tail.includes('could not bind')) {
      throw new PartStartError('PostgreSQL', `pg_ctl start ended with code ${code}\n${tail}`);
    }
  }
}

/**
 * Kills the server without a word, as a machine that fails: its processes all at one moment, so that none of them
 * finishes what another began. Does nothing where none runs.
 * @throws DeadlineError
 */
export async function killCluster({ dataDirectory }: Pick<ClusterOptions, 'dataDirectory'>): Promise<void> {
  const pid = await runningPostmaster(dataDirectory);
  if (pid === undefined) return;
  // Stopped before they are killed: the first one's death would be news to the others.
  const family = await signalFamily(pid, 'SIGSTOP');
  for (const member of family) signalIfThere(member, 'SIGKILL');
  await until('PostgreSQL to end', STOP_S_MAX * 1_000, async () => {
    const alive = await Promise.all(family.map((member) => isAliveWith(member, 'postgres')));
    return alive.includes(true) ? undefined : true;
  });
  // Until an idle init has looked after them their ids are taken, and a server would not start; that they are dead is
  // what was just seen. After a machine's failure the ids are free at once.
  await rm(join(dataDirectory, 'postmaster.pid'), { force: true });
}

/**
 * Starts a server again that was killed, at the same address: it recovers from its log.
 * @throws PartStartError with the end of the server's log
 */
export async function restartCluster(options: ClusterOptions): Promise<void> {
  const log = join(options.dataDirectory, 'server.log');
  const code = await pgCtl(options, ['start', '-w', '-t', String(START_S_MAX), '-l', log]);
  options.signal.throwIfAborted();
  if (code !== 0)
    throw new PartStartError('PostgreSQL', `pg_ctl start ended with code ${code}\n${await tailOf(log)}`);
}

/** Stops all its processes in the middle of what they do, or lets them go on. Does nothing where none runs. */
export async function signalCluster(
  { dataDirectory }: Pick<ClusterOptions, 'dataDirectory'>,
  signal: 'SIGSTOP' | 'SIGCONT',
): Promise<void> {
  const pid = await runningPostmaster(dataDirectory);
  if (pid !== undefined) await signalFamily(pid, signal);
}

/**
 * Stops the server at once, without the checkpoint of its slower modes (0.3 s more): the data is removed next. Does
 * nothing where none runs.
 */
export async function stopCluster(options: Omit<ClusterOptions, 'signal'>): Promise<void> {
  const { signal } = new AbortController();
  await signalCluster(options, 'SIGCONT'); // a stopped process hears nothing else
  await pgCtl({ ...options, signal }, ['stop', '-w', '-m', 'immediate', '-t', String(STOP_S_MAX)]);
}

/** Its id stays in the file when it is killed, and may be another process's by then. */
async function runningPostmaster(dataDirectory: string): Promise<number | undefined> {
  const pid = await postmasterOf(dataDirectory);
  return pid !== undefined && (await isAliveWith(pid, dataDirectory)) ? pid : undefined;
}

async function initialise(options: ClusterOptions, password: string): Promise<void> {
  const { binaries, dataDirectory, user } = options;
  const passwordFile = `${dataDirectory}.password`;
  await mkdir(dataDirectory, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user !== null) {
    await chown(dataDirectory, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  // --no-sync concerns the new, empty cluster only; the server itself keeps fsync on.
  const content = ['--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  try {
    await run(
      join(binaries, 'bin', 'initdb'),
      ['-D', dataDirectory, ...access, ...content],
      childOptions(options),
    );
  } catch (error) {
    throw new PartStartError('PostgreSQL', `initdb: ${messageOf(error)}`, { cause: error });
  }
}

/** The last value of a setting counts, so that a second try simply appends. */
async function configure(dataDirectory: string, port: number): Promise<void> {
  const settings = [
    `port = ${port}`,
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    `max_connections = ${CONNECTIONS_MAX}`,
    // Before it recovers it makes safe what is in its directory: one call, where the system has it, in the place of
    // one for each of a thousand files, which took 2 to 3 s of a restart.
    ...(process.platform === 'linux' ? ['recovery_init_sync_method = syncfs'] : []),
  ];
  await appendFile(join(dataDirectory, 'postgresql.conf'), `\n${settings.join('\n')}\n`);
}

/**
 * pg_ctl and not the server itself: it detaches the server from the terminal, waits until it takes connections, and on
 * Windows takes an administrator's rights from it. Its output goes nowhere, because the server would keep it open.
 */
async function pgCtl(options: ClusterOptions, commandLine: string[]): Promise<number | null> {
  const program = join(options.binaries, 'bin', 'pg_ctl');
  const child = spawn(program, [...commandLine, '-D', options.dataDirectory], {
    ...childOptions(options),
    stdio: 'ignore',
    windowsHide: true,
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

function childOptions({ dataDirectory, user, signal }: ClusterOptions) {
  // PostgreSQL reads PG* as its own settings; macOS needs a locale, or the server refuses to start.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return {
    cwd: parse(dataDirectory).root,
    env: { ...Object.fromEntries(inherited), LC_ALL: 'C' },
    signal,
    ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
  };
}

async function tailOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}
