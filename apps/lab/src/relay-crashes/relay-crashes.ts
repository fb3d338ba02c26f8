import { randomFrom } from '../parts/random.js';
import { DeadlineError } from '../lab.errors.js';
import { RELAY_FAULTS } from './relay-faults.js';
import { HistoryStage } from './history-stage.js';
import { verdictOn, type Remains } from './verdict.js';

/** What a run is asked for. */
export interface CrashesOptions {
  readonly seed: number;
  /** One fault in each; with as many as there are faults, none is left out. */
  readonly rounds: number;
}

/** What it came to. */
export interface CrashesReport {
  readonly seed: number;
  readonly rounds: number;
  /** How the transactions ended, as far as their callers were told. */
  readonly transactions: Readonly<Record<string, number>>;
  readonly committedEvents: number;
  /** Messages that the broker had stored already. */
  readonly repeats: number;
  /** Events that a relay had leased and never told of. */
  readonly leasedInVain: number;
  /** By fault: how often it really occurred. */
  readonly occurred: Readonly<Record<string, number>>;
  /** What is wrong, in words; empty after a good run. */
  readonly problems: readonly string[];
}

/** Relays beside the one that a fault befalls; at least one. */
const HEALTHY_MAX = 3;
/** In one round of so many their number changes: a start takes longer than most faults. */
const CHANGE_EVERY = 3;

/** How many faults there are. */
export const CRASH_ROUNDS_MIN = Object.keys(RELAY_FAULTS).length;

/**
 * Takes an outbox with two to four relays, and writers that do not stop, through seeded rounds of faults, and judges
 * what is left. A round that gets stuck is a problem, and the last one.
 */
export async function relayCrashes({ seed, rounds }: CrashesOptions): Promise<CrashesReport> {
  const random = randomFrom(seed);
  const stage = await HistoryStage.open(random);
  try {
    const occurred = Object.fromEntries(Object.keys(RELAY_FAULTS).map((name) => [name, 0]));
    const stuck: string[] = [];
    let healthy = 2;
    for (const name of planOf(rounds, random)) {
      try {
        if (random(CHANGE_EVERY) === 0) healthy = 1 + random(HEALTHY_MAX);
        await stage.keepHealthy(healthy);
        await RELAY_FAULTS[name]?.(stage);
        occurred[name] = (occurred[name] ?? 0) + 1;
      } catch (error) {
        if (!(error instanceof DeadlineError)) throw error;
        stuck.push(`${name}: ${error.message}`);
        break;
      }
    }
    return await reportOf({ seed, rounds }, stage, { occurred, stuck });
  } finally {
    await stage.close();
  }
}

/** Each fault in turn, every turn in another order. */
function planOf(rounds: number, random: (below: number) => number): string[] {
  const plan: string[] = [];
  while (plan.length < rounds) {
    const names = Object.keys(RELAY_FAULTS);
    while (names.length > 0) plan.push(...names.splice(random(names.length), 1));
  }
  return plan.slice(0, rounds);
}

async function reportOf(
  options: CrashesOptions,
  stage: HistoryStage,
  {
    occurred,
    stuck,
  }: { readonly occurred: Readonly<Record<string, number>>; readonly stuck: readonly string[] },
): Promise<CrashesReport> {
  const { history, copies, problems } = await judge(stage);
  return {
    ...options,
    transactions: stage.writers.ends,
    committedEvents: history.length,
    repeats: [...copies.values()].reduce((sum, count) => sum + count, 0) - copies.size,
    leasedInVain: history.filter(({ crashed }) => crashed).length,
    occurred,
    problems: [...stuck, ...problems],
  };
}

/** A run whose outbox is never empty leaves nothing that could be judged. */
async function judge(
  stage: HistoryStage,
): Promise<Pick<Remains, 'history' | 'copies'> & { readonly problems: readonly string[] }> {
  try {
    const remains = await stage.finish();
    return { ...remains, problems: verdictOn(remains) };
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    return { history: [], copies: new Map(), problems: [`in the end: ${error.message}`] };
  }
}
