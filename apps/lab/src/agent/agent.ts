/**
 * Preloaded (`--import`) into a service of the bank, whose program knows nothing of it. It reports the steps that the
 * program reaches, ends or stops the process at one of them when it is told to, and takes safeguards out of the code
 * (see `mutants/`) before the program is loaded.
 */
import { isMainThread } from 'node:worker_threads';
import { tell } from './agent-pipe.js';
import { AGENT_ENVIRONMENT, type AgentMessage, type StepOrder } from './agent-protocol.js';
import { buildRootOf, stepsOf } from './program-files.js';
import { StepWatch } from './step-watch.js';

async function takeUpWork(script: string): Promise<void> {
  const { [AGENT_ENVIRONMENT.steps]: steps, [AGENT_ENVIRONMENT.armed]: armed } = process.env;
  const mutants = process.env[AGENT_ENVIRONMENT.mutants];
  const buildRoot = buildRootOf(script);
  if (mutants) {
    const { plantMutants } = await import('../mutants/plant-mutants.js');
    plantMutants(mutants.split(','), buildRoot);
  }
  const watch = new StepWatch(await stepsOf(buildRoot));
  if (armed) watch.arm(JSON.parse(armed) as StepOrder);
  if (steps === '1') watch.report(true);
  // The channel does not keep the process alive: the leash has seen to that.
  process.on('message', (message) => obey(watch, message as AgentMessage));
}

function obey(watch: StepWatch, message: AgentMessage): void {
  const { agentMessage } = message;
  try {
    if (message.kind === 'arm') watch.arm(message.order);
    else if (message.kind === 'disarm') watch.disarm();
    else watch.report(message.on);
    tell({ kind: 'answer', agentMessage });
  } catch (error) {
    tell({ kind: 'answer', agentMessage, refused: error instanceof Error ? error.message : String(error) });
  }
}

// What is preloaded into a process is preloaded into its workers, too: the log has one.
if (isMainThread) await takeUpWork(process.argv[1] ?? '');
