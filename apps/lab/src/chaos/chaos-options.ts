import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import type { DeliveryStrategy } from '../parts/bank.js';
import { notWhole, parseCommandLine, refuseFor } from '../parts/command-line.js';

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
/** Ten minutes of it are 36,000 orders, if no fault holds a client up. */
const RATE = { least: 1, most: 1_000, default: 60 };
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

const OPTIONS = {
  help: { type: 'boolean', short: 'h', default: false },
  seed: { type: 'string' },
  minutes: { type: 'string', default: String(MINUTES.default) },
  strategy: { type: 'string', default: 'both' },
  rate: { type: 'string', default: String(RATE.default) },
  report: { type: 'string', default: 'chaos.html' },
} as const;

/**
 * Reads the command line.
 * @throws BadOptionsError that names everything that is wrong
 */
export function parseChaosOptions(commandLine: readonly string[]): ChaosOptions {
  const { help, seed, minutes, strategy, rate, report } = parseCommandLine(commandLine, OPTIONS, CHAOS_HELP);
  const strategies = Object.hasOwn(STRATEGIES, strategy) ? STRATEGIES[strategy] : undefined;
  refuseFor(
    [
      ...(strategies
        ? []
        : [`--strategy needs one of ${Object.keys(STRATEGIES).join(', ')}; got ${strategy}`]),
      ...notWhole('--seed', seed ?? '0', { least: 0, most: SEED_MAX }),
      ...notMinutes(minutes),
      ...notWhole('--rate', rate, RATE),
    ],
    CHAOS_HELP,
  );
  return {
    help,
    seed: seed === undefined ? randomInt(SEED_MAX) : Number(seed),
    durationMs: Number(minutes) * 60_000,
    strategies: strategies ?? [],
    ratePerSecond: Number(rate),
    reportFile: resolve(report),
  };
}

function notMinutes(text: string): string[] {
  const minutes = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && minutes >= MINUTES.least && minutes <= MINUTES.most) return [];
  return [`--minutes needs a number from ${MINUTES.least} to ${MINUTES.most}; got ${text}`];
}
