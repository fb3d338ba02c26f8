import { availableParallelism } from 'node:os';
import { notWhole, parseCommandLine, refuseFor } from '../parts/command-line.js';
import { EXPERIMENTS, type Experiment } from './experiments.js';
import { MUTANTS } from './mutants.js';

/** What `npm run mutants -- …` was asked for. */
export interface MutantsOptions {
  readonly help: boolean;
  readonly experiments: readonly Experiment[];
  /** How many scenes are played at once. */
  readonly scenes: number;
  /** Whether the document is written anew, and not compared. */
  readonly write: boolean;
}

/** A scene waits more than it works. */
const SCENES_DEFAULT = availableParallelism() + 1;
const SCENES_MAX = 64;

/** What `--help` prints. */
export const MUTANTS_HELP = `npm run mutants -- [options]

Takes each safeguard out of the running services in turn, and plays a scenario that must turn red then, and that is
green while the safeguard is there. Exit code 0 only if every one turned red as expected, every changed line ran, every
scenario was green before, and docs/safeguards.md shows the same.

  --mutant NAME   only what takes this safeguard out; may be repeated
  --scenes N      how many scenes are played at once, 1 to ${SCENES_MAX} (default: one more than there are cores, here ${SCENES_DEFAULT})
  --write         writes docs/safeguards.md in the place of comparing it
  --help          this text

Mutants: ${MUTANTS.map(({ name }) => name).join(', ')}`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h', default: false },
  mutant: { type: 'string', multiple: true },
  scenes: { type: 'string', default: String(SCENES_DEFAULT) },
  write: { type: 'boolean', default: false },
} as const;

/**
 * Reads the command line.
 * @throws BadOptionsError that names everything that is wrong
 */
export function parseMutantsOptions(commandLine: readonly string[]): MutantsOptions {
  const values = parseCommandLine(commandLine, OPTIONS, MUTANTS_HELP);
  const problems: string[] = [];
  const names = values.mutant ?? [];
  const unknown = names.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  problems.push(...unknown.map((name) => `there is no mutant ${name}`));
  problems.push(...notWhole('--scenes', values.scenes, { least: 1, most: SCENES_MAX }));
  refuseFor(problems, MUTANTS_HELP);
  const experiments =
    names.length === 0
      ? EXPERIMENTS
      : EXPERIMENTS.filter(({ mutants }) => mutants.some((name) => names.includes(name)));
  return { help: values.help, experiments, scenes: Number(values.scenes), write: values.write };
}
