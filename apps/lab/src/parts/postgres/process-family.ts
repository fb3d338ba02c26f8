import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Sends a signal to a process that may have ended. */
export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Sends a signal to a process, and then to its children: in a group of their own each, as PostgreSQL's are, they are
 * not reached together. A parent that is stopped makes no more of them, so that none is missed.
 * @returns all that were sent it, the parent first
 */
export async function signalFamily(parent: number, signal: NodeJS.Signals): Promise<number[]> {
  signalIfThere(parent, signal);
  const family = [parent, ...(await childrenOf(parent))];
  for (const child of family.slice(1)) signalIfThere(child, signal);
  return family;
}

async function childrenOf(parent: number): Promise<number[]> {
  const pairs = process.platform === 'linux' ? await parentsFromProc() : await parentsFromPs();
  return pairs.flatMap(([pid, itsParent]) => (itsParent === parent ? [pid] : []));
}

type PidAndParent = readonly [pid: number, parent: number];

/** A container may have no `ps`. */
async function parentsFromProc(): Promise<PidAndParent[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  return Promise.all(
    pids.map(async (pid): Promise<PidAndParent> => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''); // it ended while we looked
      // The name before them may hold anything: `1 (name) state parent`.
      return [pid, Number(stat.slice(stat.lastIndexOf(')') + 1).split(' ')[2])];
    }),
  );
}

async function parentsFromPs(): Promise<PidAndParent[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']);
  return stdout.split('\n').map((line): PidAndParent => {
    const [pid = NaN, parent = NaN] = line.trim().split(/\s+/).map(Number);
    return [pid, parent];
  });
}
