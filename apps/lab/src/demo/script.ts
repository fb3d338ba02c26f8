import { randomFrom } from '../parts/random.js';

/** A transfer that the demo's client is going to ask for. */
export interface Order {
  /** Its Idempotency-Key: the same in every repeat. */
  readonly key: string;
  /** Indexes of the demo's accounts. */
  readonly debit: number;
  readonly credit: number;
  readonly amountMinor: bigint;
}

/** What happens in a run, the same for every strategy. The phases follow one another. */
export interface Script {
  /** While the cable is whole. */
  readonly before: readonly Order[];
  /** Asked for from a moment before the cut on. */
  readonly atCut: readonly Order[];
  /** Asked for after the service was restarted, with the cable still cut. */
  readonly whileCut: readonly Order[];
  /** After the cable is mended and what waited has settled. */
  readonly after: readonly Order[];
}

/** Enough accounts that transfers of different keys run beside each other. */
export const ACCOUNTS = 12;
export const CURRENCY = 'EUR';
/** 10 000.00 for each. */
export const OPENING_BALANCE_MINOR = 1_000_000n;
/** From 1.00 to 200.00. */
const AMOUNT_MINOR_MIN = 100;
const AMOUNT_MINOR_MAX = 20_000;
/** More than all accounts hold together: must be rejected, whatever came before. */
const OVERDRAFT_MINOR = OPENING_BALANCE_MINOR * BigInt(ACCOUNTS) + 1n;
/** One order in so many overdraws, and the first of its phase. */
const OVERDRAFT_EVERY = 20;
const SHARES = { before: 0.35, atCut: 0.25, whileCut: 0.15 };

/**
 * Writes the script for a number of transfers. The same seed gives the same script. Overdrafts are ordered only while
 * the cable is whole: lost, they would count as missing money that nobody had.
 */
export function writeScript(transfers: number, seed: number): Script {
  const random = randomFrom(seed);
  let written = 0;
  const phase = (count: number, overdrafts: boolean): Order[] =>
    Array.from({ length: count }, (_, index) => {
      const overdraws = overdrafts && index % OVERDRAFT_EVERY === 0;
      return order(`demo-${seed}-${(written += 1)}`, overdraws, random);
    });
  const [before, atCut, whileCut] = [SHARES.before, SHARES.atCut, SHARES.whileCut].map((share) =>
    Math.floor(transfers * share),
  ) as [number, number, number];
  return {
    before: phase(before, true),
    atCut: phase(atCut, false),
    whileCut: phase(whileCut, false),
    after: phase(transfers - before - atCut - whileCut, true),
  };
}

function order(key: string, overdraws: boolean, random: (below: number) => number): Order {
  const debit = random(ACCOUNTS);
  const credit = (debit + 1 + random(ACCOUNTS - 1)) % ACCOUNTS;
  const amount = AMOUNT_MINOR_MIN + random(AMOUNT_MINOR_MAX - AMOUNT_MINOR_MIN + 1);
  return { key, debit, credit, amountMinor: overdraws ? OVERDRAFT_MINOR : BigInt(amount) };
}
