import type { Point } from '../../matrix/point.js';
import { POINTS } from '../../matrix/points/points.js';
import { STRATEGIES, type MatrixStrategy, type StrategyName } from '../../matrix/strategies.js';

/** A cell of the matrix that is simulated too. */
export interface Scenario {
  readonly point: Point;
  readonly strategy: MatrixStrategy;
}

/** There is no simulated JetStream: its client and its server speak another protocol. */
const NOT_SIMULATED: StrategyName = 'outbox-jetstream';

/** The columns that are compared: what becomes of a cell here must be what becomes of it with real processes. */
export const SIMULATED_STRATEGIES: readonly MatrixStrategy[] = STRATEGIES.filter(
  ({ name }) => name !== NOT_SIMULATED,
);

/** Every cell that is compared. */
export const SCENARIOS: readonly Scenario[] = POINTS.flatMap((point) =>
  SIMULATED_STRATEGIES.map((strategy) => ({ point, strategy })),
);
