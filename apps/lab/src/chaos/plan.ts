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

/** Every kind of fault there is, each with everything that it may befall: in a plan that is long enough each occurs. */
export const KINDS: readonly (readonly FaultAction[])[] = [
  ...(['kill', 'pause'] as const).flatMap((action) => [
    ...SERVERS.map((target) => [{ action, target }]),
    ...[RELAYS, TRANSACTIONS, ACCOUNTS].map((targets) => targets.map((target) => ({ action, target }))),
  ]),
  ...(['transactions', 'accounts'] as const).map((target) => [{ action: 'roll' as const, target }]),
  ...Object.values(CABLE_TARGETS).flatMap((targets) =>
    CABLE_FAULTS.map((action) => targets.map((target) => ({ action, target }))),
  ),
];

/**
 * Plans what goes wrong in a run. A pure function: the same seed and duration give the same plan, and a longer one
 * begins with the faults of a shorter one. Kinds are dealt like cards: none comes a second time before all have come.
 */
export function planOf(seed: number, durationMs: number): Fault[] {
  const chance = new Chance(seed);
  const plan: Fault[] = [];
  let deck: (readonly FaultAction[])[] = [];
  for (let atMs = FIRST_AFTER_MS; atMs < durationMs - LAST_BEFORE_END_MS;) {
    if (deck.length === 0) deck = [...KINDS];
    const [kind] = deck.splice(chance.below(deck.length), 1);
    if (kind === undefined) throw new RangeError('the deck is never empty here');
    const number = plan.length + 1;
    plan.push({ ...chance.pick(kind), number, atMs, durationMs: between(chance, DURATION_MS) });
    atMs += between(chance, PAUSE_MS);
  }
  return plan;
}

function between(chance: Chance, { least, most }: { readonly least: number; readonly most: number }): number {
  return least + chance.below(most - least);
}
