import { writeFile } from 'node:fs/promises';
import type { Closers } from '../parts/closers.js';
import { complaintOn } from './hunt/complaint.js';
import { huntAll, type Hunted } from './hunt/hunt.js';
import { describeHunt, huntAsData, renderHunts } from './report/report-hunts.js';
import { shrunkFailure, tellFailure } from './report/tell-failure.js';
import { tellSchedule } from './report/tell-schedule.js';
import { describeRun, runSchedules, type RunOfSchedules } from './run-schedules.js';
import { parseSimulateOptions, SIMULATE_HELP, type SimulateOptions } from './simulate-options.js';
import { Simulator } from './workers/simulator.js';

/**
 * `npm run simulate`: runs schedules in virtual time, and looks for broken promises.
 * @param open takes what must be closed when the user breaks it off
 * @returns the exit code: 0 only if nothing was found with every safeguard, and what was to be found without some
 * @throws LabError
 */
export async function simulate(commandLine: readonly string[], open: Closers): Promise<number> {
  const options = parseSimulateOptions(commandLine);
  if (options.help) {
    console.log(SIMULATE_HELP);
    return 0;
  }
  if (options.replay !== undefined) return replay(options.replay, options, open);
  const run = options.schedules > 0 ? await runSchedules(options, open) : undefined;
  if (run) console.log(`\n${describeRun(run)}${options.hunts.length > 0 ? '\n' : ''}`);
  const hunted = options.hunts.length > 0 ? await huntForAll(options, open) : [];
  if (options.jsonFile !== undefined) await writeFile(options.jsonFile, asJson(run, hunted));
  const failed = (run?.failures.length ?? 0) > 0 || hunted.some((one) => complaintOn(one) !== undefined);
  return failed ? 1 : 0;
}

/** Tells the story of one seed; if it fails, of the smallest plan that fails like it. */
async function replay(seed: number, { mutants, whole }: SimulateOptions, open: Closers): Promise<number> {
  const simulator = await Simulator.start(mutants, open);
  const plan = simulator.planOf(seed);
  const played = { plan, report: await simulator.run(plan, { telling: true }) };
  const failed = played.report.findings.length > 0;
  const told = failed && !whole;
  console.log(told ? tellFailure(await shrunkFailure(simulator, played), mutants) : tellSchedule(played));
  return failed ? 1 : 0;
}

async function huntForAll(options: SimulateOptions, open: Closers): Promise<Hunted[]> {
  const { hunts, firstSeed, limit, workers, mutants } = options;
  const onHunted = (one: Hunted) => {
    // Whoever asks for all of them wants the table.
    if (mutants.length > 0 && one.failure) console.log(`${tellFailure(one.failure, one.mutants)}\n`);
    console.log(describeHunt(one));
  };
  const hunted = await huntAll(hunts, { firstSeed, schedules: limit, workers, onHunted }, open);
  console.log(`\n${renderHunts(hunted)}\n`);
  const odd = hunted.filter((one) => complaintOn(one) !== undefined).length;
  console.log(
    `${hunted.length} times without a safeguard: ${odd === 0 ? 'all as expected' : `${odd} times NOT as expected`}`,
  );
  return hunted;
}

function asJson(run: RunOfSchedules | undefined, hunted: readonly Hunted[]): string {
  return `${JSON.stringify({ run, hunts: hunted.map(huntAsData) }, null, 2)}\n`;
}
