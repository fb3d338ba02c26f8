import { STRATEGIES, type StrategyName } from './strategies.js';
import { isGreen, type Verdicts } from './verdict.js';

/** What is to come of a cell, and why. */
export interface Prediction {
  readonly verdict: Verdicts | 'n/a';
  readonly because: string;
}

/**
 * A row: the verdicts in the order of the strategies, and why each of them. A verdict that several strategies share has
 * one reason.
 */
interface Row {
  readonly verdicts: string;
  readonly because: Readonly<Record<string, string>>;
}

const ASKS_AGAIN = 'nothing is written, and the client asks again';
const KEY = 'it is recorded once: the client asks again with its key, and is told the same';
const ROW = 'the event is a row of the same commit, and leaves after the restart';
const REPEAT = 'the relay publishes it again, and the inbox swallows the repeat';

export const ROWS: Readonly<Record<string, Row>> = {
  'request-received': row('converged x8', { converged: ASKS_AGAIN }),
};

/** `converged x8 lost` is eight of the one and one of the other. */
function row(verdicts: string, because: Record<string, string>): Row {
  return { verdicts, because };
}
