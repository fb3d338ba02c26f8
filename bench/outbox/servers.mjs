/** The benchmark's own PostgreSQL, with durable settings, and its own broker; both end with this process. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { startPostgres as startPart } from '../../dist/apps/lab/apps/lab/src/parts/postgres/postgres.part.js';
import { startStreamingServer } from '../../dist/apps/lab/apps/lab/src/parts/streaming-server.part.js';

export { startStreamingServer as startBroker };

/** What decides how durable a commit is, and how large the numbers may get. */
const SHOWN_SETTINGS = ['fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'wal_level'];

let databases = 0;

/** Starts PostgreSQL as the lab does: fsync on, everything at its default but the number of connections. */
export async function startPostgres() {
  const part = await startPart((line) => console.error(line));
  return {
    /** An empty database of this name's own, and its URL. */
    createDatabase: (name) => part.createDatabase(`${name}_${++databases}`),
    dropDatabase: (url) =>
      query(part.adminUrl, `drop database "${new URL(url).pathname.slice(1)}" with (force)`),
    restart: (settings) => restart(part.adminUrl, settings),
    facts: () => factsOf(part.adminUrl),
    stop: () => part.stop(),
  };
}

/** Runs one statement on a connection of its own. */
export async function query(url, text, parameters) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, parameters)).rows;
  } finally {
    await client.end();
  }
}

/** Sets settings that need a restart, and puts every other one back to its default. */
async function restart(adminUrl, settings) {
  await query(adminUrl, 'alter system reset all');
  for (const [name, value] of Object.entries(settings)) {
    await query(adminUrl, `alter system set ${name} = '${value}'`);
  }
  const [{ data_directory: directory }] = await query(adminUrl, 'show data_directory');
  const [server] = (await readFile(join(directory, 'postmaster.opts'), 'utf8')).split(' ');
  const { uid, gid } = await stat(directory);
  const child = spawn(
    join(dirname(server), 'pg_ctl'),
    ['restart', '-w', '-m', 'fast', '-D', directory, '-l', join(directory, 'server.log')],
    { cwd: '/', stdio: 'ignore', ...(process.getuid?.() === 0 ? { uid, gid } : {}) },
  );
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`pg_ctl restart ended with code ${code}`);
}

async function factsOf(adminUrl) {
  const [{ version }] = await query(adminUrl, `select current_setting('server_version') as version`);
  const rows = await query(
    adminUrl,
    `select name, current_setting(name) as value from pg_settings where name = any ($1)`,
    [SHOWN_SETTINGS],
  );
  return { version, settings: Object.fromEntries(rows.map(({ name, value }) => [name, value])) };
}

/** What the numbers were measured on. */
export async function machineFacts(postgres) {
  const { version, settings } = await postgres.facts();
  return {
    machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    postgres: version,
    settings,
    broker: brokerVersion(),
  };
}

function brokerVersion() {
  const binary = process.env.NATS_STREAMING_SERVER;
  if (!binary) return "this project's streaming server, memory store";
  return `${execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim()}, memory store`;
}
