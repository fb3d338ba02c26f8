import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { groupBy } from '../../audit/group-by.js';
import type { Strategy } from '../../matrix/strategies.js';
import type { Closers } from '../../parts/closers.js';
import { labFile } from '../../parts/repository.js';
import type { ScenarioReport, ScenarioTask } from './scenario-protocol.js';
import { SIMULATED_STRATEGIES } from './scenarios.js';

/** At most so many strategies are played in one process: each needs a core, and there are others. */
const STRATEGIES_PER_PROCESS = 3;

/**
 * Plays every scenario with each seed, the strategies in processes of their own.
 * @param open takes what must be closed when the user breaks it off
 * @throws Error when a process ends before it has played all of its own
 */
export async function playScenarios(seeds: readonly number[], open: Closers): Promise<ScenarioReport[]> {
  const reports: ScenarioReport[] = [];
  const waiting = groups().values();
  const work = async () => {
    for (const strategies of waiting) reports.push(...(await playIn({ strategies, seeds }, open)));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return reports;
}

/** The strategies whose services have the same safeguards, in pieces. */
function groups(): ScenarioTask['strategies'][] {
  const alike = groupBy(SIMULATED_STRATEGIES, ({ mutants }: Strategy) => JSON.stringify(mutants));
  return [...alike.values()].flatMap((group) => {
    const names = group.map(({ name }) => name);
    const halves = [names.slice(0, STRATEGIES_PER_PROCESS), names.slice(STRATEGIES_PER_PROCESS)];
    return halves.filter(({ length }) => length > 0);
  });
}

function playIn(task: ScenarioTask, open: Closers): Promise<ScenarioReport[]> {
  const child = fork(labFile('simulation/scenario/scenario-process.js'), [JSON.stringify(task)], {
    execArgv: [],
  });
  const reports: ScenarioReport[] = [];
  child.on('message', (report) => reports.push(report as ScenarioReport));
  const ended = new Promise<ScenarioReport[]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(reports);
      else reject(new Error(`the process of ${task.strategies.join()} has ended with ${signal ?? code}`));
    });
  });
  open.add(async () => {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
  });
  return ended;
}
