import { availableParallelism } from 'node:os';
import { EXPERIMENTS } from '../mutants/experiments.js';
import { MUTANTS } from '../mutants/mutants.js';
import { notWhole, parseCommandLine, refuseFor } from '../parts/command-line.js';

/** What `npm run simulate -- …` was asked for. */
export interface SimulateOptions {
  readonly help: boolean;
  /** How many schedules are run with every safeguard. */
  readonly schedules: number;
  readonly firstSeed: number;
  /** How many processes run schedules at once. */
  readonly workers: number;
  /** Tells the story of this seed, and runs nothing else. */
  readonly replay: number | undefined;
  /** Whether the story is told of the plan as it was drawn, although it fails. */
  readonly whole: boolean;
  /** What is taken out when a seed is replayed: these mutants at once. */
  readonly mutants: readonly string[];
  /** What is taken out in turn, each until it is found; some together. */
  readonly hunts: readonly (readonly string[])[];
  /** How many schedules a hunt may take. */
  readonly limit: number;
  /** Where the results go as data. */
  readonly jsonFile: string | undefined;
}

const SEED_MAX = 2 ** 32 - 1;
const SCHEDULES = { default: 1_000, max: 10_000_000 };
const LIMIT_DEFAULT = 2_000;
const WORKERS_MAX = 64;

const OPTIONS = {
  help: { type: 'boolean', short: 'h', default: false },
  schedules: { type: 'string', default: String(SCHEDULES.default) },
  seed: { type: 'string', default: '1' },
  replay: { type: 'string' },
  whole: { type: 'boolean', default: false },
  mutants: { type: 'boolean', default: false },
  mutant: { type: 'string', multiple: true },
  limit: { type: 'string', default: String(LIMIT_DEFAULT) },
  workers: { type: 'string', default: String(availableParallelism()) },
  json: { type: 'string' },
} as const;

/** What `--help` prints. */
export const SIMULATE_HELP = `npm run simulate -- [options]

Runs both services' own code in one process, on a broker, a database and a clock of the simulation's that a seed
decides on: orders meet each other and several faults, in some milliseconds each. Exit code 0 only if no schedule
breaks a promise. One that does is made smaller, and told as a sequence diagram.

  --schedules N   how many schedules (default: ${SCHEDULES.default})
  --seed N        of the first one, from 0 (default: 1); the others follow
  --replay SEED   tells the story of this one; if it fails, that of the smallest plan that fails like it
  --whole         with --replay: tells it as it was, although it fails
  --mutants       and then takes each safeguard out in turn, and counts the schedules until it is missed
  --mutant NAME   only that, and only what takes this safeguard out; may be repeated. With --replay: out for that seed
  --limit N       schedules for each safeguard at most (default: ${LIMIT_DEFAULT})
  --workers N     how many processes run schedules, 1 to ${WORKERS_MAX} (default: as many as there are cores, here ${availableParallelism()})
  --json FILE     the results as data, into FILE
  --help          this text

Mutants: ${MUTANTS.map(({ name }) => name).join(', ')}`;

/**
 * Reads the command line.
 * @throws BadOptionsError that names everything that is wrong
 */
export function parseSimulateOptions(commandLine: readonly string[]): SimulateOptions {
  const values = parseCommandLine(commandLine, OPTIONS, SIMULATE_HELP);
  const { replay, mutant: mutants = [] } = values;
  const unknown = mutants.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  refuseFor(
    [
      ...notWhole('--schedules', values.schedules, { least: 1, most: SCHEDULES.max }),
      ...notWhole('--seed', values.seed, { least: 0, most: SEED_MAX - SCHEDULES.max }),
      ...notWhole('--replay', replay ?? '0', { least: 0, most: SEED_MAX }),
      ...notWhole('--limit', values.limit, { least: 1, most: SCHEDULES.max }),
      ...notWhole('--workers', values.workers, { least: 1, most: WORKERS_MAX }),
      ...unknown.map((name) => `there is no mutant ${name}`),
      ...(values.mutants && mutants.length > 0
        ? ['--mutants takes all of them: it has no --mutant beside it']
        : []),
      ...(values.whole && replay === undefined ? ['--whole needs --replay'] : []),
    ],
    SIMULATE_HELP,
  );
  return {
    help: values.help,
    schedules: mutants.length > 0 ? 0 : Number(values.schedules),
    firstSeed: Number(values.seed),
    workers: Number(values.workers),
    replay: replay === undefined ? undefined : Number(replay),
    whole: values.whole,
    mutants,
    hunts: huntsFor(values.mutants ? MUTANTS.map(({ name }) => name) : mutants),
    limit: Number(values.limit),
    jsonFile: values.json,
  };
}

/** What is taken out for processes, too, as far as one of these is part of it. */
function huntsFor(names: readonly string[]): (readonly string[])[] {
  return EXPERIMENTS.map(({ mutants }) => mutants).filter((mutants) =>
    mutants.some((name) => names.includes(name)),
  );
}
