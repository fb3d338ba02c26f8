import type { Plan } from '../schedule/plan.js';
import type { Simulator } from './simulator.js';
import type { Report } from './worker-protocol.js';

/** A schedule that was run. */
export interface PlayedSeed {
  readonly plan: Plan;
  readonly report: Report;
}

/** Which schedules are run. */
export interface SeedRange {
  readonly firstSeed: number;
  readonly schedules: number;
}

/** Runs the schedules of seeds that follow each other, each on the first simulator that is free. */
export async function playSeeds(
  simulators: readonly Simulator[],
  { firstSeed, schedules }: SeedRange,
  onPlayed: (played: PlayedSeed) => void,
): Promise<void> {
  const seeds = Array.from({ length: schedules }, (_, index) => firstSeed + index).values();
  const work = async (simulator: Simulator) => {
    for (const seed of seeds) {
      const plan = simulator.planOf(seed);
      onPlayed({ plan, report: await simulator.run(plan) });
    }
  };
  await Promise.all(simulators.map(work));
}
