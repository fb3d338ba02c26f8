import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import process from 'node:process';

const REPORT = 'docs/proof-report.md';
/** Enough for the longest table that a part ends with. */
const SUMMARY_LINES = 70;

/** What is run for the committed report, and what fits into CI. */
const PARTS = [
  { command: 'matrix', full: [], ci: [] },
  { command: 'mutants', full: [], ci: [] },
  { command: 'simulate', full: ['--schedules', '10000', '--mutants'], ci: ['--schedules', '2000'] },
  { command: 'chaos', full: ['--minutes', '10', '--seed', '1'], ci: ['--minutes', '2'] },
];

/**
 * Runs all parts of the proof, even after one has failed.
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
  for (const part of PARTS) results.push(await run(part.command, isShort ? part.ci : part.full));
  const failed = results.filter(({ code }) => code !== 0);
  for (const { title, code, minutes } of results) {
    console.log(`${code === 0 ? 'passed' : 'FAILED'}  ${title}  (${minutes} min)`);
  }
  console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
  if (!isShort && failed.length === 0) await writeFile(REPORT, reportOf(results));
  return failed.length === 0 ? 0 : 1;
}

async function run(command, args) {
  const title = ['npm run', command, ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  console.log(`\n=== ${title}`);
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['scripts/run.mjs', command, ...args], {
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text) => {
    process.stdout.write(text);
    output += text;
  });
  const [code] = await once(child, 'close');
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  return { title, code: code ?? 1, minutes, output };
}

/** What each part printed last is its summary; what it printed before as a table stands below. */
function reportOf(results) {
  const machine = `Node ${process.versions.node}, ${availableParallelism()} cores`;
  const sections = results.map(({ title, minutes, output }) => {
    const lines = output.trimEnd().split('\n');
    return [`## \`${title}\``, '', `${minutes} min`, '', '```', ...lines.slice(-SUMMARY_LINES), '```', ''];
  });
  const head = ['# The last full run of the proof', '', `\`npm run proof\`, ${machine}.`, ''];
  return [...head, ...sections.flat()].join('\n');
}
