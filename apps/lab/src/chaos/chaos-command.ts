import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { Narrator } from '../demo/narrator.js';
import type { DeliveryStrategy } from '../parts/bank.js';
import type { Closers } from '../parts/closers.js';
import { CHAOS_HELP, parseChaosOptions, type ChaosOptions } from './chaos-options.js';
import { renderChaosTable } from './chaos-table.js';
import { nameOf } from './fault.js';
import type { FaultRecord } from './history.js';
import { renderReport } from './report/report.js';
import { runChaos, type ChaosRun } from './run-chaos.js';
import { verdictOn, verdictOnTwin } from './verdict.js';

const SUBTITLES: Readonly<Record<DeliveryStrategy, string>> = {
  outbox: 'the event is saved with the transfer; relays publish it',
  direct: 'the naive twin: the same faults, and events that are published after the commit',
};

/**
 * `npm run chaos`: lets everything fail at random and looks for what is missing in the end.
 * @param open takes what must be closed when the user breaks it off
 * @returns the exit code: 0 only if nothing was found
 * @throws LabError
 */
export async function chaos(commandLine: readonly string[], open: Closers): Promise<number> {
  const options = parseChaosOptions(commandLine);
  if (options.help) {
    console.log(CHAOS_HELP);
    return 0;
  }
  const narrator = new Narrator(process.stdout);
  const runs: ChaosRun[] = [];
  const findings: string[] = [];
  for (const strategy of options.strategies) {
    narrator.chapter(
      strategy,
      `${SUBTITLES[strategy]}; ${options.durationMs / 1_000} s, seed ${options.seed}`,
    );
    const run = await runOne(strategy, options, { narrator, open });
    runs.push(run);
    findings.push(...findingsOf(run).map((text) => `${strategy}: ${text}`));
  }
  narrator.write(`\n${renderChaosTable(runs)}\n`);
  for (const finding of findings) narrator.bad(finding);
  await writeFile(options.reportFile, renderReport({ seed: options.seed, runs, findings }));
  narrator.write(`seed ${options.seed}; the report is ${relative('', options.reportFile)}`);
  narrator.write(findings.length === 0 ? 'Nothing was found.' : `${findings.length} findings.`);
  return findings.length === 0 ? 0 : 1;
}

interface Outside {
  readonly narrator: Narrator;
  readonly open: Closers;
}

async function runOne(
  strategy: DeliveryStrategy,
  options: ChaosOptions,
  { narrator, open }: Outside,
): Promise<ChaosRun> {
  const historyFile = options.reportFile.replace(/(\.html)?$/, `-${strategy}.jsonl`);
  const say = (line: string) => narrator.say(line);
  return runChaos(
    { ...options, strategy, historyFile, say, onFault: (record) => tell(record, narrator) },
    open,
  );
}

function findingsOf(run: ChaosRun): string[] {
  return run.strategy === 'outbox' ? verdictOn(run) : verdictOnTwin(run);
}

function tell({ fault, struckAtMs, overAtMs, error }: FaultRecord, narrator: Narrator): void {
  const name = `${String(fault.number).padStart(4)}  ${nameOf(fault)}`;
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  if (struckAtMs === undefined) narrator.bad(`${name}: did not fire: ${error}`);
  else if (overAtMs === undefined) narrator.bad(`${name}: did not end: ${error}`);
  else narrator.say(`${name}, from ${seconds(struckAtMs)} s to ${seconds(overAtMs)} s`);
}
