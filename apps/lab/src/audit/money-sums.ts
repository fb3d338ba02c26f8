import { groupBy } from './group-by.js';

/** An amount in minor units of its currency. */
export interface Money {
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** The sum of amounts, whatever their currency. */
export function sumOf(amounts: readonly { readonly amountMinor: bigint }[]): bigint {
  return amounts.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
}

/** The sum for each currency that occurs, in minor units as text. */
export function sumsOf(amounts: readonly Money[]): Record<string, string> {
  const currencies = groupBy(amounts, ({ currency }) => currency);
  return Object.fromEntries([...currencies].map(([currency, group]) => [currency, String(sumOf(group))]));
}
