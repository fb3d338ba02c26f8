import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { BadOptionsError, messageOf } from '../lab.errors.js';
import { EXPERIMENTS } from '../mutants/experiments.js';
import { MUTANTS } from '../mutants/mutants.js';

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
  const { values } = parsed(commandLine);
  const problems: string[] = [];
  const whole = (name: string, text: string, least: number, most: number) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    problems.push(`--${name} needs a whole number from ${least} to ${most}; got ${text}`);
    return least;
  };
  const mutants = values.mutant ?? [];
  const unknown = mutants.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  problems.push(...unknown.map((name) => `there is no mutant ${name}`));
  if (values.mutants && mutants.length > 0)
    problems.push('--mutants takes all of them: it has no --mutant beside it');
  if (values.whole && values.replay === undefined) problems.push('--whole needs --replay');
  const { replay } = values;
  const options: SimulateOptions = {
    help: values.help,
    schedules: mutants.length > 0 ? 0 : whole('schedules', values.schedules, 1, SCHEDULES.max),
    firstSeed: whole('seed', values.seed, 0, SEED_MAX - SCHEDULES.max),
    workers: whole('workers', values.workers, 1, WORKERS_MAX),
    replay: replay === undefined ? undefined : whole('replay', replay, 0, SEED_MAX),
    whole: values.whole,
    mutants,
    hunts: values.mutants ? huntsFor(MUTANTS.map(({ name }) => name)) : huntsFor(mutants),
    limit: whole('limit', values.limit, 1, SCHEDULES.max),
    jsonFile: values.json,
  };
  if (problems.length > 0) throw new BadOptionsError(`${problems.join('\n')}\n\n${SIMULATE_HELP}`);
  return options;
}

/** What is taken out for processes, too, as far as one of these is part of it. */
function huntsFor(names: readonly string[]): (readonly string[])[] {
  return EXPERIMENTS.map(({ mutants }) => mutants).filter((mutants) =>
    mutants.some((name) => names.includes(name)),
  );
}

function parsed(commandLine: readonly string[]) {
  try {
    return parseArgs({
      args: [...commandLine],
      options: {
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
      },
    });
  } catch (cause) {
    throw new BadOptionsError(`${messageOf(cause)}\n\n${SIMULATE_HELP}`, { cause });
  }
}
