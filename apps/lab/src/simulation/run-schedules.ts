import { createHash } from 'node:crypto';
import { Progress } from '../matrix/progress.js';
import type { Closers } from '../parts/closers.js';
import { findingLines } from './report/tell-schedule.js';
import { shrunkFailure, tellFailure } from './report/tell-failure.js';
import type { SimulateOptions } from './simulate-options.js';
import { playSeeds, type PlayedSeed } from './workers/play-seeds.js';
import { Simulator } from './workers/simulator.js';

/** What came of schedules with every safeguard. */
export interface RunOfSchedules {
  readonly firstSeed: number;
  readonly schedules: number;
  /** In how many of them a fault struck. */
  readonly withFaults: number;
  /** The seeds that broke a promise, and how, in the order of the seeds. */
  readonly failures: readonly {
    readonly seed: number;
    readonly findings: PlayedSeed['report']['findings'];
  }[];
  /** Without the start of the processes. */
  readonly tookMs: number;
  /** Of each history, in the order of the seeds: the same for the same history, whoever ran it. */
  readonly hashes: readonly string[];
}

/** So many lines in all where nobody watches. */
const PROGRESS_LINES = 10;
const DIGEST_LENGTH = 16;

/**
 * Runs schedules with every safeguard, and tells the story of the first that breaks a promise.
 * @throws ScheduleBrokenOffError
 */
export async function runSchedules(
  options: Pick<SimulateOptions, 'firstSeed' | 'schedules' | 'workers'>,
  open: Closers,
): Promise<RunOfSchedules> {
  const { firstSeed, schedules, workers } = options;
  const simulators = await Promise.all(
    Array.from({ length: Math.min(workers, schedules) }, () => Simulator.start([], open)),
  );
  const startedAt = performance.now();
  const hashes: string[] = [];
  const failed: PlayedSeed[] = [];
  let withFaults = 0;
  const progress = new Progress(schedules, process.stdout, Math.ceil(schedules / PROGRESS_LINES));
  await playSeeds(simulators, options, (played) => {
    const { plan, report } = played;
    hashes[plan.seed - firstSeed] = report.hash;
    if (report.struck.length > 0) withFaults++;
    if (report.findings.length > 0) {
      failed.push(played);
      console.log(`seed ${plan.seed}: ${findingLines(report.findings)}`);
    }
    progress.tell(`seed ${plan.seed}`, failed.length === 0 ? '✓' : '✗');
  });
  const tookMs = performance.now() - startedAt;
  const [first] = failed.sort((one, other) => one.plan.seed - other.plan.seed);
  const [simulator] = simulators;
  if (first && simulator) console.log(`\n${tellFailure(await shrunkFailure(simulator, first), [])}\n`);
  await Promise.all(simulators.map((each) => each.close()));
  const failures = failed.map(({ plan: { seed }, report: { findings } }) => ({ seed, findings }));
  return { firstSeed, schedules, withFaults, failures, tookMs, hashes };
}

/** The same for the same histories. */
function digestOf(hashes: readonly string[]): string {
  return createHash('sha256').update(hashes.join('\n')).digest('hex').slice(0, DIGEST_LENGTH);
}

/** The line that it comes down to. */
export function describeRun({ schedules, withFaults, failures, tookMs, hashes }: RunOfSchedules): string {
  const aMinute = Math.round(schedules / (tookMs / 60_000));
  const broken = failures.length === 0 ? 'nothing was found' : `${failures.length} BROKE A PROMISE`;
  return (
    `${schedules} schedules, faults struck in ${withFaults}: ${broken}; ` +
    `${(tookMs / 1_000).toFixed(1)} s, ${aMinute} schedules a minute; history ${digestOf(hashes)}`
  );
}
