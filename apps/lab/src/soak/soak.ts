import { SOAK_CASES } from './soak-case.js';
import { SoakStage } from './soak-stage.js';
import { DeadlineError } from '../lab.errors.js';
import { randomFrom } from '../parts/random.js';

/** What a soak is asked for. */
export interface SoakOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Told of each round before it begins. */
  readonly onRound?: (round: number, name: string, target: string) => void;
}

/** What a soak came to. */
export interface SoakReport {
  readonly seed: number;
  readonly rounds: number;
  readonly created: number;
  readonly settled: number;
  readonly deliveries: number;
  readonly outcomes: Readonly<Record<'acked' | 'refused' | 'unknown', number>>;
  /** By case: in how many rounds the plan had it, and in how many it really occurred. */
  readonly cases: Readonly<Record<string, { readonly planned: number; readonly occurred: number }>>;
  readonly wronglySettled: readonly string[];
  /** Created and never delivered. */
  readonly missing: readonly string[];
  /** What had to be missing: acknowledged, and not delivered when the broker lost its store. */
  readonly expectedMissing: readonly string[];
  /** What is wrong, in words; empty after a good run. */
  readonly problems: readonly string[];
}

/** How the rounds went. */
interface Course {
  readonly plan: readonly string[];
  readonly occurred: ReadonlyMap<string, number>;
  /** Where it got stuck and ended; at most one. */
  readonly stuck: readonly string[];
}

const MESSAGES_PER_ROUND_MAX = 20;
/** Faults begin up to so long after the round's first messages, in ms. */
const BEGIN_MS_MAX = 40;

/** Takes a relay and a consumer through seeded rounds, one fault in each. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const random = randomFrom(options.seed);
  const plan = planOf(options.rounds, random);
  const occurred = new Map<string, number>();
  const stage = await SoakStage.open(random);
  const stuck: string[] = [];
  try {
    for (const [index, name] of plan.entries()) {
      const target = stage.services[stage.random(2)] ?? stage.producer;
      options.onRound?.(index + 1, name, target.name);
      stage.relay.create(1 + stage.random(MESSAGES_PER_ROUND_MAX));
      await stage.pause(BEGIN_MS_MAX);
      try {
        if (await SOAK_CASES[name]?.(stage, target)) occurred.set(name, (occurred.get(name) ?? 0) + 1);
        await stage.settle();
      } catch (error) {
        if (!(error instanceof DeadlineError)) throw error;
        stuck.push(`round ${index + 1}, ${name}: ${error.message}`);
        break;
      }
    }
    return reportOf(options, stage, { plan, occurred, stuck });
  } finally {
    await stage.close();
  }
}

/** Each case in turn, every turn in another order: with as many rounds as cases, none is left out. */
function planOf(rounds: number, random: (below: number) => number): string[] {
  const plan: string[] = [];
  while (plan.length < rounds) {
    const names = Object.keys(SOAK_CASES);
    while (names.length > 0) plan.push(...names.splice(random(names.length), 1));
  }
  return plan.slice(0, rounds);
}

function reportOf(
  { rounds, seed }: SoakOptions,
  stage: SoakStage,
  { plan, occurred, stuck }: Course,
): SoakReport {
  const { relay, delivered, deliveries } = stage;
  const missing = relay.created.filter((id) => !delivered.has(id));
  const expectedMissing = [...stage.writtenOff];
  const cases = Object.fromEntries(
    Object.keys(SOAK_CASES).map((name) => [
      name,
      { planned: plan.filter((each) => each === name).length, occurred: occurred.get(name) ?? 0 },
    ]),
  );
  const problems = [
    ...stuck,
    ...relay.wronglySettled.map((id) => `${id} was settled and never stored`),
    ...missing.filter((id) => !stage.writtenOff.has(id)).map((id) => `${id} is lost, and no store was`),
    ...expectedMissing
      .filter((id) => delivered.has(id))
      .map((id) => `${id} went with its store, and came all the same`),
    ...Object.entries(cases)
      .filter(([, { planned, occurred: times }]) => planned > 0 && times === 0)
      .map(([name, { planned }]) => `“${name}” was planned ${planned} times and never occurred`),
  ];
  const { outcomes, settled, created, wronglySettled } = relay;
  const counts = { created: created.length, settled: settled.size, deliveries, outcomes };
  return { seed, rounds, ...counts, cases, wronglySettled, missing, expectedMissing, problems };
}
