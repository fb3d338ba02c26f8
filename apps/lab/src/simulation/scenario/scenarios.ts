import type { Point } from '../../matrix/point.js';
import { POINTS } from '../../matrix/points/points.js';
import type { PointName } from '../../matrix/prediction-table.js';
import { STRATEGIES, type MatrixStrategy, type StrategyName } from '../../matrix/strategies.js';

/** A cell of the matrix that is simulated too. */
export interface Scenario {
  readonly point: Point;
  readonly strategy: MatrixStrategy;
}

interface Exception {
  readonly strategy: StrategyName;
  /** Default: every point. */
  readonly points?: readonly PointName[];
  readonly because: string;
}

/**
 * What is not compared, and why. Everything else is: what becomes of a cell here must be what becomes of it with real
 * processes.
 */
export const NOT_COMPARED: readonly Exception[] = [
  {
    strategy: 'outbox-jetstream',
    because:
      'there is no simulated JetStream: its client and its server speak another protocol, and of the driver only the one for NATS Streaming runs here',
  },
  {
    strategy: 'outbox-trusting',
    points: ['broker-refused', 'broker-flapping'],
    because:
      'its service ends itself when it is cut off, while it is asked: which comes first is chance, with real processes too, and decides whether the client was in doubt',
  },
];

/** Why a cell is not compared; undefined where it is. */
export function whyNotCompared(point: string, strategy: StrategyName): string | undefined {
  return NOT_COMPARED.find(
    ({ strategy: except, points }) =>
      except === strategy && (points === undefined || points.some((name) => name === point)),
  )?.because;
}

/** Every cell that is compared. */
export const SCENARIOS: readonly Scenario[] = POINTS.flatMap((point) =>
  STRATEGIES.filter(({ name }) => whyNotCompared(point.name, name) === undefined).map((strategy) => ({
    point,
    strategy,
  })),
);
