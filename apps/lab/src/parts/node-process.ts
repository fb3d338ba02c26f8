import { ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import {
  AGENT_DESCRIPTOR,
  AGENT_ENVIRONMENT,
  type AgentMessage,
  type StepOrder,
} from '../agent/agent-protocol.js';
import { StepBook } from '../agent/step-book.js';
import type { LogBook } from './log-book.js';
import { labFile } from './repository.js';

/** What the agent does that is preloaded into a program. */
export interface AgentSettings {
  /** Whether it reports every step from the start on; default: not before it is asked, since steps cost. */
  readonly steps?: boolean;
  /** Safeguards that are taken out of the program, by the names of their mutants. */
  readonly mutants?: readonly string[];
}

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
  /** Preloads the agent; default: the program runs without one. */
  readonly agent?: AgentSettings;
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
  /** Hands a message to its agent. @throws when it cannot take any more */
  send(message: AgentMessage): Promise<void>;
}

/** What a process writes, and what is asked of its agent. */
export interface NodeProcessOptions {
  /** Where its agent's lines go. */
  readonly steps?: StepBook;
  /** What befalls it from its start on. */
  readonly armed?: StepOrder;
}

const INHERITED =
  /^(PATH|HOME|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP|USERPROFILE|SYSTEMROOT|WINDIR|NODE_EXTRA_CA_CERTS|PGSSL.*)$/i;

/** Starts a program on the leash: it ends when this process does. */
export function startNode(program: NodeProgram, log: LogBook, options: NodeProcessOptions = {}): NodeProcess {
  const { agent, environment } = program;
  const preloaded = ['parts/leash.js', ...(agent ? ['agent/agent.js'] : [])].flatMap((file) => [
    '--import',
    pathToFileURL(labFile(file)).href,
  ]);
  const child = spawn(process.execPath, [...preloaded, program.script, ...(program.commandLine ?? [])], {
    env: {
      ...inheritedEnvironment(),
      NO_COLOR: '1',
      ...environment,
      ...(agent && agentEnvironment(agent, options.armed)),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', ...(agent ? (['pipe'] as const) : [])],
    detached: program.ownGroup ?? false,
    windowsHide: true,
  });
  if (child.stdout !== null) log.record(child.stdout);
  if (child.stderr !== null) log.record(child.stderr);
  const lines = child.stdio[AGENT_DESCRIPTOR] as Readable | null | undefined;
  // Read also when nobody wants it: what a pipe cannot take any more stops its writer.
  if (lines) (options.steps ?? new StepBook()).record(lines);
  return {
    pid: child.pid,
    exited: exitOf(child),
    kill: (signal) => void child.kill(signal),
    send: (message) => sendTo(child, message),
  };
}

/** Starts a program that is not Node: it has no leash, and outlives this process if that is killed without a word. */
export function startBinary(path: string, commandLine: readonly string[], log: LogBook): NodeProcess {
  const child = spawn(path, commandLine, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  log.record(child.stdout);
  log.record(child.stderr);
  return {
    pid: child.pid,
    exited: exitOf(child),
    kill: (signal) => void child.kill(signal),
    send: (message) => sendTo(child, message),
  };
}

function agentEnvironment(
  { steps, mutants }: AgentSettings,
  armed: StepOrder | undefined,
): Record<string, string> {
  return {
    ...(steps && { [AGENT_ENVIRONMENT.steps]: '1' }),
    ...(mutants && { [AGENT_ENVIRONMENT.mutants]: mutants.join(',') }),
    ...(armed && { [AGENT_ENVIRONMENT.armed]: JSON.stringify(armed) }),
  };
}

function sendTo(child: ChildProcess, message: AgentMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!child.connected) reject(new Error('its process has no agent, or none any more'));
    else child.send(message, (error) => (error === null ? resolve() : reject(error)));
  });
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
