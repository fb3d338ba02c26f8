import type { Closers } from '../../parts/closers.js';
import { marksOf } from '../../mutants/mutants.js';
import { shrunkFailure, type Failure } from '../report/tell-failure.js';
import type { SeedRange } from '../workers/play-seeds.js';
import { Simulator } from '../workers/simulator.js';

/** What came of the hunt for what breaks without some safeguards. */
export interface Hunted {
  /** Names of the mutants that were planted together. */
  readonly mutants: readonly string[];
  /** How many schedules were run, with the one that found it. */
  readonly schedules: number;
  /** The first schedule with a finding. */
  readonly failure: Failure | undefined;
  /** Marks of the mutants' texts that have run, and of those that have not. */
  readonly marks: { readonly ran: readonly string[]; readonly silent: readonly string[] };
}

/** How hunts are run. */
export interface HuntOptions extends SeedRange {
  /** How many hunts go on at once. */
  readonly workers: number;
  readonly onHunted: (hunted: Hunted) => void;
}

/**
 * Hunts for several sets of mutants.
 * @param open takes what must be closed when the user breaks it off
 * @throws ScheduleBrokenOffError
 */
export async function huntAll(
  hunts: readonly (readonly string[])[],
  { workers, onHunted, ...range }: HuntOptions,
  open: Closers,
): Promise<Hunted[]> {
  const all: Hunted[] = [];
  const queue = hunts.entries();
  const work = async () => {
    for (const [index, mutants] of queue) onHunted((all[index] = await hunt(mutants, range, open)));
  };
  await Promise.all(Array.from({ length: workers }, work));
  return all;
}

/** Runs schedules without some safeguards, one after the other, until one has a finding; and makes that one smaller. */
async function hunt(mutants: readonly string[], range: SeedRange, open: Closers): Promise<Hunted> {
  const simulator = await Simulator.start(mutants, open);
  try {
    const ran = new Set<string>();
    for (let schedules = 1; ; schedules++) {
      const plan = simulator.planOf(range.firstSeed + schedules - 1);
      const report = await simulator.run(plan);
      for (const mark of report.ran) ran.add(mark);
      const found = report.findings.length > 0;
      if (!found && schedules < range.schedules) continue;
      const failure = found ? await shrunkFailure(simulator, { plan, report }) : undefined;
      const silent = mutants.flatMap(marksOf).filter((mark) => !ran.has(mark));
      return { mutants, schedules, failure, marks: { ran: [...ran].sort(), silent } };
    }
  } finally {
    await simulator.close();
  }
}
