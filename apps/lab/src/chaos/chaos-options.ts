import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BadOptionsError, messageOf } from '../lab.errors.js';
import type { DeliveryStrategy } from '../parts/bank.js';

/** What `npm run chaos -- …` was asked for. */
export interface ChaosOptions {
  readonly help: boolean;
  /** Decides what goes wrong and when, and what is ordered. */
  readonly seed: number;
  readonly durationMs: number;
  readonly strategies: readonly DeliveryStrategy[];
  /** Orders in a second. */
  readonly ratePerSecond: number;
  /** The report; the histories go beside it. */
  readonly reportFile: string;
}

const SEED_MAX = 2 ** 32 - 1;
const MINUTES = { least: 0.4, most: 24 * 60, default: 2 };
/** Ten minutes of it are 30,000 orders, of which clients that are held up by faults begin two thirds. */
const RATE = { least: 1, most: 1_000, default: 50 };
const STRATEGIES: Readonly<Record<string, readonly DeliveryStrategy[]>> = {
  both: ['outbox', 'direct'],
  outbox: ['outbox'],
  direct: ['direct'],
};

/** What `--help` prints. */
export const CHAOS_HELP = `npm run chaos -- [options]

Clients order transfers without pause while everything that the bank stands on fails at random: services, relays,
broker and database are killed and stopped, services are restarted, and the cables between them break in ten ways.
Then everything heals, and a checker compares what the clients were told with both databases and the broker. The
same is done to the naive way of delivering events, which is expected to lose. Exit code 0 only if no promise was
broken, every planned fault has fired, and the naive twin has lost something.

  --seed N          decides what goes wrong, 0 to ${SEED_MAX} (default: a random one, which is printed)
  --minutes M       how long, from ${MINUTES.least} (default: ${MINUTES.default})
  --strategy NAME   ${Object.keys(STRATEGIES).join(' | ')} (default: both)
  --rate N          orders in a second, ${RATE.least} to ${RATE.most} (default: ${RATE.default})
  --report FILE     the report (default: chaos.html); the histories go beside it, as JSON lines
  --help            this text`;

/**
 * Reads the command line.
 * @throws BadOptionsError
 */
export function parseChaosOptions(commandLine: readonly string[]): ChaosOptions {
  try {
    const { values } = parseArgs({
      args: [...commandLine],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        seed: { type: 'string' },
        minutes: { type: 'string', default: String(MINUTES.default) },
        strategy: { type: 'string', default: 'both' },
        rate: { type: 'string', default: String(RATE.default) },
        report: { type: 'string', default: 'chaos.html' },
      },
    });
    const strategies = Object.hasOwn(STRATEGIES, values.strategy) ? STRATEGIES[values.strategy] : undefined;
    if (strategies === undefined) {
      throw new RangeError(
        `--strategy needs one of ${Object.keys(STRATEGIES).join(', ')}; got ${values.strategy}`,
      );
    }
    return {
      help: values.help,
      seed: values.seed === undefined ? randomInt(SEED_MAX) : wholeNumber('--seed', values.seed, 0, SEED_MAX),
      durationMs: minutesOf(values.minutes) * 60_000,
      strategies,
      ratePerSecond: wholeNumber('--rate', values.rate, RATE.least, RATE.most),
      reportFile: resolve(values.report),
    };
  } catch (cause) {
    throw new BadOptionsError(`${messageOf(cause)}\n\n${CHAOS_HELP}`, { cause });
  }
}

function minutesOf(text: string): number {
  const minutes = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && minutes >= MINUTES.least && minutes <= MINUTES.most) return minutes;
  throw new RangeError(`--minutes needs a number from ${MINUTES.least} to ${MINUTES.most}; got ${text}`);
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new RangeError(`${name} needs a whole number from ${least} to ${most}; got ${text}`);
}
