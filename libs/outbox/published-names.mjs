/**
 * In this project libraries import each other by `@app/…`; in the package that is built of this one, by the name under
 * which the other is published. Run with the directory of the compiled files.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PUBLISHED = '@event-consistency/';
const [directory = 'dist'] = process.argv.slice(2);

for (const name of await readdir(directory, { recursive: true })) {
  if (!/\.(js|d\.ts)$/.test(name)) continue;
  const path = join(directory, name);
  const text = await readFile(path, 'utf8');
  const published = text.replaceAll(/(['"])@app\//g, `$1${PUBLISHED}`);
  if (published !== text) await writeFile(path, published);
}
