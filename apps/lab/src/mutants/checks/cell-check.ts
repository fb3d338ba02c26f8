import { runCell } from '../../matrix/cell.js';
import type { Point } from '../../matrix/point.js';
import { POINTS } from '../../matrix/points/points.js';
import type { StrategyName } from '../../matrix/strategies.js';
import type { ServiceName } from '../../parts/bank.js';
import type { Check } from './check.js';
import { findingsIn } from './finding.js';

/** A cell of the crash matrix as a check; it goes by the cell's name there. */
export function cellCheck(pointName: string, service: ServiceName, strategy: StrategyName = 'outbox'): Check {
  const point = pointOf(pointName);
  return {
    name: `${pointName} × ${strategy}`,
    title: point.title,
    strategy,
    service,
    play: async ({ stage }) => {
      const { audit } = await runCell(point, stage);
      return findingsIn(await stage.readBooks(), audit);
    },
  };
}

function pointOf(name: string): Point {
  const found = POINTS.find((point) => point.name === name);
  if (found === undefined) throw new Error(`the crash matrix has no point ${name}`);
  return found;
}
