import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { repositoryRoot } from '../parts/repository.js';

/** What became of a process. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Runs Node to its end, in the repository's root. A program that hangs is the caller's `until` to notice. */
export async function runNode(commandLine: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, commandLine, {
    cwd: repositoryRoot,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stderr };
}
