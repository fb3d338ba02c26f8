import { isConsistent } from '../audit/audit.js';
import type { Played } from './matrix.js';
import { predictionOf } from './predictions.js';
import { DAMAGES } from './verdict.js';

/** A cell as data. */
export interface CellReport {
  readonly point: string;
  readonly strategy: string;
  readonly predicted: string;
  /** Null where the cell could not be played. */
  readonly verdict: string | null;
  readonly because: string;
  /** What the auditor found, or why the cell could not be played. */
  readonly findings: readonly string[];
  readonly seconds: number;
}

/** A cell with what was predicted of it. */
export function reportOf({ point, strategy, result, failure }: Played): CellReport {
  const { verdict, because } = predictionOf(point.name, strategy.name);
  return {
    point: point.name,
    strategy: strategy.name,
    predicted: verdict,
    verdict: result?.verdict ?? null,
    because,
    findings: result === undefined ? [failure ?? ''] : findingsOf(result.audit),
    seconds: Math.round(result?.tookMs ?? 0) / 1_000,
  };
}

/** Why a cell is not as predicted; undefined if it is. */
export function deviationOf(played: Played): string | undefined {
  const { point, strategy, predicted, verdict, findings } = reportOf(played);
  const name = `${point} × ${strategy}`;
  if (verdict === null) return `${name}: ${findings.join('; ')}`;
  if (verdict !== predicted) return `${name}: predicted ${predicted}, got ${verdict}: ${findings.join('; ')}`;
  // Without a safeguard the records disagree as well; with all of them nothing may.
  const { audit } = played.result ?? {};
  const isWhole = played.strategy.mutants === undefined && audit !== undefined;
  const isGreen = DAMAGES.every((damage) => audit?.[damage].length === 0);
  if (isWhole && isGreen && !isConsistent(audit)) return `${name}: ${findings.join('; ')}`;
  return undefined;
}

function findingsOf(audit: NonNullable<Played['result']>['audit']): string[] {
  const damages = DAMAGES.flatMap((damage) =>
    audit[damage].map(({ id, because }) => `${damage}: transfer ${id}, ${because}`),
  );
  return [...damages, ...audit.imbalances, ...audit.disagreements];
}
