import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { runCollected } from './children.mjs';

const REPORT = 'docs/proof-report.md';
/** Above it an exit code is that of a signal. */
const BROKEN_OFF = 128;

/**
 * What is run for the committed report, and what fits into CI; and how many of the blocks that a part ends with, set off
 * by empty lines, go into the report: a table, and what comes of it; of the simulation also what it found before.
 */
const PARTS = [
  { command: 'matrix', full: [], ci: [], reported: 2 },
  { command: 'mutants', full: [], ci: [], reported: 2 },
  {
    command: 'simulate',
    full: ['--schedules', '10000', '--mutants'],
    ci: ['--schedules', '2000', '--mutants'],
    reported: 4,
  },
  { command: 'chaos', full: ['--minutes', '10', '--seed', '1'], ci: ['--minutes', '2'], reported: 2 },
];

/**
 * Runs all parts of the proof, even after one has failed, unless it is broken off.
 * @param args `--ci` for the short form
 * @returns the exit code: 0 only if all parts passed
 */
export async function proof(args) {
  const unknown = args.filter((arg) => arg !== '--ci');
  if (unknown.length > 0) {
    console.error(`npm run proof -- [--ci]; got ${unknown.join(' ')}`);
    return 2;
  }
  const isShort = args.includes('--ci');
  // JetStream is one of the columns: where this is set, a machine without its server fails.
  if (isShort) process.env.CI ??= 'true';
  const results = [];
  for (const part of PARTS) {
    const result = await run(part, isShort ? part.ci : part.full);
    results.push(result);
    if (result.code > BROKEN_OFF) break;
  }
  const failed = results.filter(({ code }) => code !== 0);
  for (const { title, code, minutes } of results) {
    console.log(`${code === 0 ? 'passed' : 'FAILED'}  ${title}  (${minutes} min)`);
  }
  const notRun = PARTS.length - results.length;
  console.log(
    `${results.length - failed.length} passed, ${failed.length} failed${notRun > 0 ? `, ${notRun} not run` : ''}`,
  );
  if (!isShort && failed.length === 0) await writeFile(REPORT, reportOf(results));
  return failed.length === 0 ? 0 : 1;
}

async function run({ command, reported }, args) {
  const title = ['npm run', command, ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  console.log(`\n=== ${title}`);
  const startedAt = performance.now();
  const echo = (text) => void process.stdout.write(text);
  const { code, output } = await runCollected(
    process.execPath,
    ['scripts/run.mjs', command, ...args],
    {},
    echo,
  );
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  const summary = output
    .trim()
    .split(/\n{2,}/)
    .slice(-reported)
    .join('\n\n');
  return { title, code, minutes, summary };
}

/** What each part ended with. */
function reportOf(results) {
  const machine = `Node ${process.versions.node}, ${availableParallelism()} cores`;
  const sections = results.map(({ title, minutes, summary }) => [
    ...[`## \`${title}\``, '', `${minutes} min`, ''],
    ...['```', summary, '```', ''],
  ]);
  const head = ['# The last full run of the proof', '', `\`npm run proof\`, ${machine}.`, ''];
  return [...head, ...sections.flat()].join('\n');
}
