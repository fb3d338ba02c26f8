/** The lab's command line: a command (see {@link COMMANDS}), and its own options. */
import { once } from 'node:events';
import { constants } from 'node:os';
import { chaos } from './chaos/chaos-command.js';
import { demo } from './demo/demo.js';
import { exhibit } from './exhibits/exhibit-command.js';
import { LabError } from './lab.errors.js';
import { matrix } from './matrix/matrix-command.js';
import { mutants } from './mutants/mutants-command.js';
import { Closers } from './parts/closers.js';
import { reconcile } from './reconcile/reconcile-command.js';
import { simulate } from './simulation/simulate-command.js';
import { soakNats } from './soak/soak-command.js';
import { start } from './start/start.js';
import { token } from './token/token-command.js';

const COMMANDS = {
  demo,
  matrix,
  mutants,
  simulate,
  chaos,
  start,
  reconcile,
  token,
  exhibit,
  'soak-nats': soakNats,
};
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const open = new Closers();
const stop = new AbortController();
// A terminal, npm and the shell may each send it: the first counts.
for (const signal of SIGNALS) process.on(signal, () => stop.abort(signal));

async function run(name: string | undefined, commandLine: readonly string[]): Promise<number> {
  if (name === undefined || !isCommand(name)) {
    console.error(`expected a command (${Object.keys(COMMANDS).join(', ')}); got ${name ?? 'none'}`);
    return 2;
  }
  try {
    return await COMMANDS[name](commandLine, open);
  } catch (error) {
    if (!stop.signal.aborted) console.error(error instanceof LabError ? `\n${error.message}` : error);
    return error instanceof LabError ? error.exitCode : 1;
  } finally {
    await open.close();
  }
}

function isCommand(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name);
}

/** Closes what is open under the hands of whatever runs, and ends the process: nobody waits for a deadline then. */
async function interrupted(name: string | undefined): Promise<void> {
  await once(stop.signal, 'abort');
  console.error('\nstopping …');
  await open.close().catch((error: unknown) => console.error(error));
  // Ctrl-C is how `start` ends; a demo that is broken off has not shown anything.
  process.exit(
    name === 'start' ? 0 : 128 + constants.signals[stop.signal.reason as (typeof SIGNALS)[number]],
  );
}

const [name, ...commandLine] = process.argv.slice(2);
void interrupted(name);
process.exitCode = await run(name, commandLine);
