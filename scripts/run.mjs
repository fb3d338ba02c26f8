/**
 * What `npm run demo`, `npm test` and their like call: brings the checkout up to date (installs, builds), then runs.
 * Needs nothing but Node, so that it can say what is missing on a fresh clone.
 */
import { fileURLToPath } from 'node:url';

const MIN_NODE = [20, 19];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1])) {
  console.error(`Node ${MIN_NODE.join('.')} or newer is needed; this is ${process.versions.node}.`);
  process.exit(1);
}

// npm runs this through a shell. `kill` of npm ends npm and that shell, and tells this process nothing.
const PARENT_POLL_MS = 250;
if (process.env.npm_lifecycle_event !== undefined) {
  const shell = process.ppid;
  const poll = setInterval(() => {
    if (process.ppid === shell) return;
    // Once: what runs here may take a second SIGTERM as an order not to wait for its own end.
    clearInterval(poll);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_POLL_MS).unref();
}

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { runCommand } = await import('./commands.mjs');
process.exitCode = await runCommand(process.argv.slice(2));
