import { Chance } from '../fuzz/chance.js';
import {
  ACCOUNTS,
  CABLE_FAULTS,
  CABLE_TARGETS,
  RELAYS,
  SERVERS,
  TRANSACTIONS,
  type Fault,
  type FaultAction,
} from './fault.js';

/** The clients have sent some orders by then. */
const FIRST_AFTER_MS = 2_000;
/** Between the beginnings of two faults: they overlap sometimes, and the system is whole sometimes. */
const PAUSE_MS = { least: 1_500, most: 5_000 };
/** Longer than time-outs of a second, so that some of them are met, and shorter than what people call an outage. */
const DURATION_MS = { least: 600, most: 4_000 };
/** The last one has so much time to be over before everything heals. */
const LAST_BEFORE_END_MS = 3_000;

/** One kind of fault: everything that it may befall. */
type Kind = readonly FaultAction[];

const PROCESS_KINDS: readonly Kind[] = [
  ...(['kill', 'pause'] as const).flatMap((action) => [
    ...SERVERS.map((target) => [{ action, target }]),
    ...[RELAYS, TRANSACTIONS, ACCOUNTS].map((targets) => targets.map((target) => ({ action, target }))),
  ]),
  ...(['transactions', 'accounts'] as const).map((target) => [{ action: 'roll' as const, target }]),
];
const CABLE_KINDS: readonly Kind[] = Object.values(CABLE_TARGETS).flatMap((targets) =>
  CABLE_FAULTS.map((action) => targets.map((target) => ({ action, target }))),
);
/** Of a hundred faults: the kinds of the others are more, and each is a smaller thing. */
const PROCESS_FAULTS = 35;

/** Every kind of fault there is: in a plan that is long enough each occurs. */
export const KINDS: readonly Kind[] = [...PROCESS_KINDS, ...CABLE_KINDS];

/**
 * Plans what goes wrong in a run. A pure function: the same seed and duration give the same plan, and a longer one
 * begins with the faults of a shorter one. Kinds are dealt like cards, from a deck of what befalls processes and one of
 * what befalls cables: none comes a second time before all of its deck have come.
 */
export function planOf(seed: number, durationMs: number): Fault[] {
  const chance = new Chance(seed);
  const [processes, cables] = [new Deck(PROCESS_KINDS, chance), new Deck(CABLE_KINDS, chance)];
  const plan: Fault[] = [];
  for (let atMs = FIRST_AFTER_MS; atMs < durationMs - LAST_BEFORE_END_MS;) {
    const kind = (chance.percent(PROCESS_FAULTS) ? processes : cables).deal();
    const number = plan.length + 1;
    plan.push({ ...chance.pick(kind), number, atMs, durationMs: between(chance, DURATION_MS) });
    atMs += between(chance, PAUSE_MS);
  }
  return plan;
}

/** Gives each of its cards once, in any order, before it is shuffled again. */
class Deck {
  private left: Kind[] = [];

  constructor(
    private readonly cards: readonly Kind[],
    private readonly chance: Chance,
  ) {}

  deal(): Kind {
    if (this.left.length === 0) this.left = [...this.cards];
    return this.left.splice(this.chance.below(this.left.length), 1)[0] ?? [];
  }
}

function between(chance: Chance, { least, most }: { readonly least: number; readonly most: number }): number {
  return least + chance.below(most - least);
}
