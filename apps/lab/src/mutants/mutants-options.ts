import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { BadOptionsError, messageOf } from '../lab.errors.js';
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

/**
 * Reads the command line.
 * @throws BadOptionsError that names everything that is wrong
 */
export function parseMutantsOptions(commandLine: readonly string[]): MutantsOptions {
  const { values } = parsed(commandLine);
  const problems: string[] = [];
  const names = values.mutant ?? [];
  const unknown = names.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  problems.push(...unknown.map((name) => `there is no mutant ${name}`));
  const scenes = Number(values.scenes);
  if (!Number.isInteger(scenes) || scenes < 1 || scenes > SCENES_MAX) {
    problems.push(`--scenes needs a whole number from 1 to ${SCENES_MAX}; got ${values.scenes}`);
  }
  if (problems.length > 0) throw new BadOptionsError(`${problems.join('\n')}\n\n${MUTANTS_HELP}`);
  const experiments =
    names.length === 0
      ? EXPERIMENTS
      : EXPERIMENTS.filter(({ mutants }) => mutants.some((name) => names.includes(name)));
  return { help: values.help, experiments, scenes, write: values.write };
}

function parsed(commandLine: readonly string[]) {
  try {
    return parseArgs({
      args: [...commandLine],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        mutant: { type: 'string', multiple: true },
        scenes: { type: 'string', default: String(SCENES_DEFAULT) },
        write: { type: 'boolean', default: false },
      },
    });
  } catch (cause) {
    throw new BadOptionsError(`${messageOf(cause)}\n\n${MUTANTS_HELP}`, { cause });
  }
}
