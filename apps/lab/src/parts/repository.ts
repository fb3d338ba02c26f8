import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The programs of this repository that the lab runs as processes. */
export type Program = 'transactions' | 'accounts' | 'streaming-server';

/** The checkout's root: the lab runs the other programs from its `dist`, and PostgreSQL from its `node_modules`. */
export const repositoryRoot = rootAbove(import.meta.dirname);

/**
 * The built entry file of a program.
 * @param main its name; a service has one for its relay too
 */
export function entryOf(program: Program, main: 'main.js' | 'relay.main.js' = 'main.js'): string {
  const home = program === 'streaming-server' ? `libs/${program}` : `apps/${program}`;
  return join(repositoryRoot, 'dist', home, home, 'src', main);
}

/**
 * A built file of the lab itself that runs in a process of its own, by its path below `src`. Specs run from the
 * sources, but what they start is what the lab starts: `npm test` builds first.
 */
export function labFile(path: string): string {
  return join(repositoryRoot, 'dist', 'apps', 'lab', 'apps', 'lab', 'src', path);
}

function rootAbove(directory: string): string {
  if (existsSync(join(directory, 'nest-cli.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory)
    throw new Error('nest-cli.json not found: the lab runs inside its repository only');
  return rootAbove(parent);
}
