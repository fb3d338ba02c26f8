import { parseArgs } from 'node:util';
import type { Closers } from '../parts/closers.js';
import { playMatrix } from './matrix.js';
import { DAMAGES } from './verdict.js';
import { POINTS } from './points/points.js';
import { STRATEGIES, type Strategy } from './strategies.js';

export async function matrix(commandLine: readonly string[], open: Closers): Promise<number> {
  const { values } = parseArgs({
    args: [...commandLine],
    options: {
      point: { type: 'string', multiple: true },
      strategy: { type: 'string', multiple: true },
      stages: { type: 'string' },
    },
  });
  const points = POINTS.filter(({ name }) => values.point?.includes(name) ?? true);
  const strategies: Strategy[] = STRATEGIES.filter(({ name }) => values.strategy?.includes(name) ?? true);
  const played = await playMatrix(
    {
      points,
      strategies,
      stages: Number(values.stages ?? 2),
      onPlayed: ({ point, strategy, result, failure }) =>
        console.log(
          `${point.name.padEnd(30)} ${strategy.name.padEnd(22)} ${result?.verdict ?? failure} ${Math.round(result?.tookMs ?? 0)} ms`,
          ...(result === undefined
            ? []
            : [
                ...DAMAGES.flatMap((damage) => result.audit[damage].map(({ because }) => because)),
                ...result.audit.disagreements,
                ...result.audit.imbalances,
              ]),
        ),
    },
    open,
  );
  return played.every(({ failure }) => failure === undefined) ? 0 : 1;
}
