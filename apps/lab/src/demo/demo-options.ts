import { BadOptionsError } from '../lab.errors.js';
import type { DeliveryStrategy } from '../parts/bank.js';

/** What `npm run demo -- …` was asked for. */
export interface DemoOptions {
  readonly help: boolean;
  readonly strategies: readonly DeliveryStrategy[];
  /** How many transfers each strategy is given. */
  readonly transfers: number;
  /** Decides amounts, accounts and order. */
  readonly seed: number;
  /** Where the findings go as data: to a file, or to standard output. */
  readonly json?: { readonly file: string } | 'stdout';
}

/** Below it not every phase has its transfers; above it a run would take minutes. */
const TRANSFERS_MIN = 20;
const TRANSFERS_MAX = 20_000;
const TRANSFERS_DEFAULT = 200;
const SEED_DEFAULT = 1;
const SEED_MAX = 2 ** 32 - 1;

const STRATEGIES: Readonly<Record<string, readonly DeliveryStrategy[]>> = {
  direct: ['direct'],
  outbox: ['outbox'],
  all: ['direct', 'outbox'],
};

/** What `--help` prints. */
export const DEMO_HELP = `npm run demo -- [options]

Cuts the cable between a service and NATS while transfers go on, once with each way of delivering events, and
lets an auditor compare the two services' databases. Exit code 0 only if everything came out as predicted.

  --strategy NAME   direct | outbox | all (default: all)
  --transfers N     transfers per strategy, ${TRANSFERS_MIN} to ${TRANSFERS_MAX} (default: ${TRANSFERS_DEFAULT})
  --seed N          another choice of accounts and amounts, 0 to ${SEED_MAX} (default: ${SEED_DEFAULT})
  --json [FILE]     the findings as data, into FILE; without FILE to standard output, and the story to standard error
  --help            this text

TRANSACTIONS_DATABASE_URL, ACCOUNTS_DATABASE_URL and NATS_URL with NATS_CLUSTER_ID put servers of yours in the place
of the lab's own; each run uses schemas and channels of its own in them, and removes the schemas afterwards.`;

/**
 * Reads the command line.
 * @throws BadOptionsError that names everything that is wrong
 */
export function parseDemoOptions(commandLine: readonly string[]): DemoOptions {
  const rest = commandLine.flatMap((word) => splitAtEquals(word));
  const problems: string[] = [];
  let options: DemoOptions = {
    help: false,
    strategies: ['direct', 'outbox'],
    transfers: TRANSFERS_DEFAULT,
    seed: SEED_DEFAULT,
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--help' || word === '-h') options = { ...options, help: true };
    else if (word === '--json') options = { ...options, json: jsonTarget(rest) };
    else if (word === '--transfers') {
      options = {
        ...options,
        transfers: numberOf(word, rest.shift(), TRANSFERS_MIN, TRANSFERS_MAX, problems),
      };
    } else if (word === '--seed') {
      options = { ...options, seed: numberOf(word, rest.shift(), 0, SEED_MAX, problems) };
    } else if (word === '--strategy') {
      options = { ...options, strategies: strategiesOf(rest.shift(), problems) };
    } else problems.push(`unknown option ${word}`);
  }
  if (problems.length > 0) throw new BadOptionsError(`${problems.join('\n')}\n\n${DEMO_HELP}`);
  return options;
}

/** `--seed=7` is `--seed 7`. */
function splitAtEquals(word: string): string[] {
  const match = /^(--[a-z]+)=(.*)$/s.exec(word);
  return match === null ? [word] : [match[1] ?? '', match[2] ?? ''];
}

function jsonTarget(rest: string[]): { file: string } | 'stdout' {
  const next = rest[0];
  if (next === undefined || next === '' || next.startsWith('-')) return 'stdout';
  rest.shift();
  return { file: next };
}

function numberOf(
  name: string,
  text: string | undefined,
  min: number,
  max: number,
  problems: string[],
): number {
  const number = Number(text);
  if (text !== undefined && /^\d+$/.test(text) && number >= min && number <= max) return number;
  problems.push(`${name} needs a whole number from ${min} to ${max}; got ${text ?? 'nothing'}`);
  return min;
}

function strategiesOf(name: string | undefined, problems: string[]): readonly DeliveryStrategy[] {
  if (name !== undefined && Object.hasOwn(STRATEGIES, name)) return STRATEGIES[name] ?? [];
  problems.push(`--strategy needs one of ${Object.keys(STRATEGIES).join(', ')}; got ${name ?? 'nothing'}`);
  return [];
}
