/** The lab's command line: `demo` and `start`, each with its own options. */
import { constants } from 'node:os';
import { demo } from './demo/demo.js';
import { LabError } from './lab.errors.js';
import { start } from './start/start.js';

const COMMANDS = { demo, start };
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const stop = new AbortController();
let stoppedBy: (typeof SIGNALS)[number] | undefined;
for (const signal of SIGNALS) {
  // A terminal, npm and the shell may each send it: the first counts.
  process.on(signal, () => {
    stoppedBy ??= signal;
    stop.abort();
  });
}

/** Runs the command; what it throws because it was stopped is not worth a word. */
async function run(name: string | undefined, commandLine: readonly string[]): Promise<number> {
  if (name !== 'demo' && name !== 'start') {
    console.error(`expected a command (${Object.keys(COMMANDS).join(', ')}); got ${name ?? 'none'}`);
    return 2;
  }
  try {
    return await COMMANDS[name](commandLine, stop.signal);
  } catch (error) {
    if (stoppedBy !== undefined) return 128 + constants.signals[stoppedBy];
    console.error(error instanceof LabError ? `\n${error.message}` : error);
    return error instanceof LabError ? error.exitCode : 1;
  }
}

const [name, ...commandLine] = process.argv.slice(2);
process.exitCode = await run(name, commandLine);
