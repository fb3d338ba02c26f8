import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { labFile } from '../src/parts/repository.js';

/** What a run of the lab came to. */
export interface LabRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the lab as a process and leader of a process group, as a shell would. */
export function startLab(
  commandLine: readonly string[],
  environment: Record<string, string> = {},
): ChildProcess {
  const { TRANSACTIONS_DATABASE_URL, ACCOUNTS_DATABASE_URL, NATS_URL, NATS_CLUSTER_ID, ...inherited } =
    process.env;
  void [TRANSACTIONS_DATABASE_URL, ACCOUNTS_DATABASE_URL, NATS_URL, NATS_CLUSTER_ID]; // the tests decide
  return spawn(process.execPath, [labFile('main.js'), ...commandLine], {
    env: { ...inherited, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
}

/** Runs the lab to its end. */
export async function runLab(
  commandLine: readonly string[],
  environment: Record<string, string> = {},
): Promise<LabRun> {
  const lab = startLab(commandLine, environment);
  const output = { stdout: '', stderr: '' };
  lab.stdout?.on('data', (text: Buffer) => (output.stdout += text.toString()));
  lab.stderr?.on('data', (text: Buffer) => (output.stderr += text.toString()));
  const [code] = (await once(lab, 'close')) as [number | null];
  return { code, ...output };
}
