import { ChildProcess, spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import type { LogBook } from './log-book.js';
import { labFile } from './repository.js';

/** How a Node program is started. */
export interface NodeProgram {
  /** For messages. */
  readonly name: string;
  /** The entry file. */
  readonly script: string;
  readonly commandLine?: readonly string[];
  /** Its settings; of the lab's own environment it sees only what a program needs to run at all. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Out of the terminal's process group: Ctrl-C does not reach it, the lab ends it (default: false). */
  readonly ownGroup?: boolean;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly at: Date;
}

/** A running Node program. `exited` is resolved when it has ended and all its output is recorded; it never rejects. */
export interface NodeProcess {
  readonly pid: number | undefined;
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
}

const INHERITED =
  /^(PATH|HOME|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP|USERPROFILE|SYSTEMROOT|WINDIR|NODE_EXTRA_CA_CERTS|PGSSL.*)$/i;

/** Starts a program on the leash: it ends when this process does. */
export function startNode(program: NodeProgram, log: LogBook): NodeProcess {
  const leash = pathToFileURL(labFile('parts/leash.js')).href;
  const child = spawn(process.execPath, ['--import', leash, program.script, ...(program.commandLine ?? [])], {
    env: { ...inheritedEnvironment(), NO_COLOR: '1', ...program.environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: program.ownGroup ?? false,
    windowsHide: true,
  });
  if (child.stdout !== null) log.record(child.stdout);
  if (child.stderr !== null) log.record(child.stderr);
  return { pid: child.pid, exited: exitOf(child), kill: (signal) => void child.kill(signal) };
}

/** Starts a program that is not Node: it has no leash, and outlives this process if that is killed without a word. */
export function startBinary(path: string, commandLine: readonly string[], log: LogBook): NodeProcess {
  const child = spawn(path, commandLine, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  log.record(child.stdout);
  log.record(child.stderr);
  return { pid: child.pid, exited: exitOf(child), kill: (signal) => void child.kill(signal) };
}

function inheritedEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => INHERITED.test(name)));
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null) =>
      resolve({ code, signal, at: new Date() });
    child.once('close', end);
    child.once('error', () => end(null, null));
  });
}
