import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 200;

/**
 * Runs `work` while no other process does so under the same lock file. The file holds its owner's process id; the lock
 * of a process that is gone is taken over.
 * @param onWait called once with the owner's process id when there is one to wait for
 */
export async function withLock(file, onWait, work) {
  await mkdir(dirname(file), { recursive: true });
  for (let told = false; !(await take(file)); await delay(RETRY_MS)) {
    const owner = await ownerOf(file);
    if (owner === undefined) continue;
    if (!isAlive(owner)) await breakLock(file, owner);
    else if (!told) {
      told = true;
      onWait(owner);
    }
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

/** A file made under another name and then linked: nobody ever sees a lock without its owner in it. */
async function take(file) {
  const mine = `${file}.${process.pid}`;
  await writeFile(mine, String(process.pid));
  try {
    await link(mine, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(mine, { force: true });
  }
}

/** Of several that find the same dead owner one moves its lock away; one that moved a younger lock puts it back. */
async function breakLock(file, deadOwner) {
  const aside = `${file}.${process.pid}.stale`;
  try {
    await rename(file, aside);
    if ((await ownerOf(aside)) !== deadOwner) await link(aside, file);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function ownerOf(file) {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text === '' ? undefined : Number(text);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
