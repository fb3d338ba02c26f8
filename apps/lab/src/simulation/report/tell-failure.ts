import { describeShrinking, shrink, type Shrunk } from '../shrink/shrink.js';
import type { PlayedSeed } from '../workers/play-seeds.js';
import type { Simulator } from '../workers/simulator.js';
import type { Report } from '../workers/worker-protocol.js';
import { tellSchedule } from './tell-schedule.js';

/** Far more than it takes: it ends when nothing more can go. */
const TRIES_MAX = 300;

/** A schedule that broke a promise, and the smallest plan that breaks it, too. */
export interface Failure {
  readonly whole: PlayedSeed;
  /** With its story. */
  readonly shrunk: Shrunk<Report>;
}

/** Makes a failing schedule smaller. */
export async function shrunkFailure(simulator: Simulator, whole: PlayedSeed): Promise<Failure> {
  const shrunk = await shrink(whole, { run: (plan) => simulator.run(plan), triesMax: TRIES_MAX });
  return { whole, shrunk: { ...shrunk, report: await simulator.run(shrunk.plan, { telling: true }) } };
}

/**
 * The story of the smallest plan, what was taken away, and how it is told again.
 * @param mutants the safeguards that were taken out
 */
export function tellFailure({ whole, shrunk }: Failure, mutants: readonly string[]): string {
  const { seed } = whole.plan;
  const without = mutants.map((name) => ` --mutant ${name}`).join('');
  return [
    tellSchedule(shrunk, seed),
    describeShrinking(whole, shrunk),
    `npm run simulate -- --replay ${seed}${without} tells this again; with --whole, as it was`,
  ].join('\n');
}
