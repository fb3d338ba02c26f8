import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCollected, twoAtATime } from './children.mjs';
import { withLock } from './lock.mjs';

const NEST = 'node_modules/@nestjs/cli/bin/nest.js';
const LOCK = 'dist/.preparing';
/** Written after a build: what it was built from. */
const STAMP = 'dist/.built-from';
const INPUTS = ['apps', 'libs', 'package-lock.json', 'nest-cli.json', 'tsconfig.json'];

/**
 * Installs what is missing and builds what is stale, one line for each that it does; npm's and the compiler's output
 * is shown only when they fail.
 * @returns whether the checkout is ready
 */
export async function bringUpToDate({ build, rebuild }) {
  const waiting = (owner) =>
    console.error(`Waiting for process ${owner}, which prepares this checkout (${LOCK})`);
  return withLock(LOCK, waiting, async () => {
    if ((await mustInstall()) && !(await install())) return false;
    if (!build) return true;
    const inputs = await fingerprint();
    const stale = rebuild || (await textOf(STAMP)) !== inputs;
    return !stale || compile(inputs);
  });
}

/** npm writes node_modules/.package-lock.json last: an install that was broken off has none. */
async function mustInstall() {
  const [wanted, installed] = await Promise.all([
    mtimeOf('package-lock.json'),
    mtimeOf('node_modules/.package-lock.json'),
  ]);
  return installed < wanted;
}

async function install() {
  const npmCli = process.env.npm_execpath;
  const [command, args] = npmCli?.endsWith('.js') ? [process.execPath, [npmCli]] : ['npm', []];
  const options = { shell: command === 'npm' && process.platform === 'win32' };
  return step('Installing packages (npm ci)', () =>
    runCollected(command, [...args, 'ci', '--no-audit', '--no-fund'], options),
  );
}

async function compile(inputs) {
  await rm(STAMP, { force: true });
  const built = await step('Building (nest build)', buildAll);
  if (built) {
    await mkdir('dist', { recursive: true });
    await writeFile(STAMP, inputs);
  }
  return built;
}

/** Each project by itself and not `nest build --all`, which leaves a core idle. */
async function buildAll() {
  const { projects } = JSON.parse(await readFile('nest-cli.json', 'utf8'));
  const result = { code: 0, output: '' };
  await twoAtATime(Object.keys(projects), async (project) => {
    const { code, output } = await runCollected(process.execPath, [NEST, 'build', project]);
    result.code ||= code;
    if (code !== 0) result.output += `${project}:\n${output}`;
  });
  return result;
}

async function step(name, work) {
  process.stderr.write(`${name} …`);
  const startedAt = Date.now();
  const { code, output } = await work();
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  process.stderr.write(code === 0 ? ` done in ${seconds} s\n` : ` FAILED with exit code ${code}\n`);
  if (code !== 0) process.stderr.write(output);
  return code === 0;
}

/** Every input with its size and time of change: differs when a file is changed, added, removed or put back. */
async function fingerprint() {
  const lines = await Promise.all(INPUTS.map(linesOf));
  return lines.flat().sort().join('\n');
}

async function linesOf(path) {
  const facts = await stat(path);
  if (!facts.isDirectory()) return isInput(path) ? [`${path} ${facts.size} ${facts.mtimeMs}`] : [];
  const names = await readdir(path);
  return (await Promise.all(names.map((name) => linesOf(join(path, name))))).flat();
}

const isInput = (path) => (path.endsWith('.ts') && !path.endsWith('.spec.ts')) || path.endsWith('.json');

async function mtimeOf(file) {
  return (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
}

async function textOf(file) {
  return readFile(file, 'utf8').catch(() => undefined);
}
