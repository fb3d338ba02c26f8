import { STRATEGIES, type StrategyName } from './strategies.js';
import { LETTERS, TABLE_ROWS, type Letter, type PointName } from './prediction-table.js';
import type { Verdicts } from './verdict.js';

/** What is to come of a cell, and why. */
export interface Prediction {
  readonly verdict: Verdicts;
  readonly because: string;
}

/**
 * The prediction of a cell.
 * @throws Error when the table has none, or no reason for it: each cell has to have both
 */
export function predictionOf(point: string, strategy: StrategyName): Prediction {
  const row = TABLE_ROWS[point as PointName];
  const column = STRATEGIES.findIndex(({ name }) => name === strategy);
  const cell = row?.cells.split(/\s+/)[column];
  if (row === undefined || cell === undefined) throw new Error(`${point} × ${strategy} has no prediction`);
  const letters = [...cell] as Letter[];
  const because: Readonly<Partial<Record<Letter, string>>> = row.because;
  const reasons = letters.map((letter) => because[letter]);
  if (reasons.includes(undefined)) throw new Error(`${point} × ${strategy}: ${cell} has no reason`);
  return { verdict: letters.map((letter) => LETTERS[letter]).join('+'), because: reasons.join('; ') };
}
