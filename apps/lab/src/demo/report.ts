import { isConsistent } from '../audit/audit.js';
import type { DeliveryStrategy } from '../parts/bank.js';
import type { Findings } from './findings.js';
import { brokenPredictions } from './predictions.js';
import { CURRENCY } from './script.js';

/** One strategy's row. Counts are transfers; amounts are minor units as text. */
export interface StrategyReport {
  readonly strategy: DeliveryStrategy;
  readonly recorded: number;
  readonly posted: number;
  readonly rejected: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly phantom: number;
  readonly stuck: number;
  readonly currency: string;
  readonly moneyMissingMinor: string;
  /** From the mending of the cable until everything was settled; null: never. */
  readonly recoveryMs: number | null;
  readonly verdict: 'consistent' | 'inconsistent';
  readonly lostTransfers: readonly { readonly id: string; readonly amountMinor: string }[];
}

/** The demo's result as data. */
export interface Report {
  readonly asPredicted: boolean;
  /** What was predicted and did not come true. */
  readonly notAsPredicted: readonly string[];
  readonly strategies: readonly StrategyReport[];
}

/** Sums up what the runs have shown. */
export function reportOf(runs: readonly Findings[]): Report {
  const notAsPredicted = runs.flatMap((findings) => brokenPredictions(findings));
  return { asPredicted: notAsPredicted.length === 0, notAsPredicted, strategies: runs.map(rowOf) };
}

function rowOf({ strategy, audit, recoveryMs }: Findings): StrategyReport {
  return {
    strategy,
    recorded: audit.recorded,
    posted: audit.posted,
    rejected: audit.rejected,
    lost: audit.lost.length,
    duplicated: audit.duplicated.length,
    phantom: audit.phantom.length,
    stuck: audit.stuck.length,
    currency: CURRENCY,
    moneyMissingMinor: audit.moneyMissingMinor[CURRENCY] ?? '0',
    recoveryMs,
    verdict: isConsistent(audit) ? 'consistent' : 'inconsistent',
    lostTransfers: audit.lost.map(({ id, amountMinor }) => ({ id, amountMinor: String(amountMinor) })),
  };
}
