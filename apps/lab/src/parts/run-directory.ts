import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './deadline.js';
import { isAliveWith } from './process-facts.js';

const PREFIX = 'event-consistency-run-';
const OWNER_FILE = 'owner.pid';

/** A run directory without an owner is one that a lab is just making, until it is this old. */
const OWNERLESS_MS = 60_000;

/** An immediate shutdown of PostgreSQL ends its backends at once; it waits 5 s before it kills those that do not hear. */
const ORPHAN_STOP_MS = 15_000;

/** Makes a directory in the temporary directory that every user may pass through, and only this one may change. */
export async function makeRunDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), PREFIX));
  await chmod(directory, 0o711);
  return directory;
}

/** Notes the process that removes the directory in the end; its command line must name the directory. */
export async function noteOwner(directory: string, pid: number): Promise<void> {
  await writeFile(join(directory, OWNER_FILE), String(pid));
}

/** Where a run keeps PostgreSQL's data. */
export function dataDirectoryOf(directory: string): string {
  return join(directory, 'data');
}

/**
 * Removes what runs have left behind whose owner was killed: their directories, and a PostgreSQL that still runs in
 * one. Nothing of a living run, of another user or of another program is touched.
 * @returns how many were removed
 */
export async function sweepDeadRuns(parent = tmpdir()): Promise<number> {
  const names = (await readdir(parent)).filter((name) => name.startsWith(PREFIX));
  const removed = await Promise.all(names.map((name) => sweep(join(parent, name))));
  return removed.filter(Boolean).length;
}

async function sweep(directory: string): Promise<boolean> {
  try {
    if (!(await isDead(directory))) return false;
    await stopOrphan(dataDirectoryOf(directory));
    await rm(directory, { recursive: true, force: true });
    return true;
  } catch {
    return false; // another lab sweeps at the same time, or it cannot be removed: it hinders nobody
  }
}

async function isDead(directory: string): Promise<boolean> {
  const facts = await stat(directory);
  if (process.getuid !== undefined && facts.uid !== process.getuid()) return false;
  const owner = await readPid(join(directory, OWNER_FILE));
  if (owner === undefined) return Date.now() - facts.mtimeMs > OWNERLESS_MS;
  return !(await isAliveWith(owner, directory));
}

/** The server that runs in a data directory, or has run there until it was killed; undefined where none has. */
export function postmasterOf(dataDirectory: string): Promise<number | undefined> {
  return readPid(join(dataDirectory, 'postmaster.pid'));
}

/** SIGQUIT is PostgreSQL's immediate shutdown: the data is thrown away anyway. */
async function stopOrphan(dataDirectory: string): Promise<void> {
  const pid = await postmasterOf(dataDirectory);
  if (pid === undefined || !(await isAliveWith(pid, dataDirectory))) return;
  process.kill(pid, process.platform === 'win32' ? 'SIGKILL' : 'SIGQUIT');
  // Not merely an id that is alive: as a zombie it stays that until an idle init has looked after it.
  await until('the orphaned PostgreSQL to end', ORPHAN_STOP_MS, async () =>
    (await isAliveWith(pid, dataDirectory)) ? undefined : true,
  );
}

async function readPid(file: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(file, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
