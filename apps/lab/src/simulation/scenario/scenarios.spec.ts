import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { POINTS } from '../../matrix/points/points.js';
import { STRATEGIES } from '../../matrix/strategies.js';
import { repositoryRoot } from '../../parts/repository.js';
import { NOT_COMPARED, SCENARIOS, whyNotCompared } from './scenarios.js';

const CELLS = POINTS.flatMap((point) => STRATEGIES.map((strategy) => ({ point, strategy })));

describe('the scenarios', () => {
  it('are all cells of the matrix but those that have a reason', () => {
    for (const { point, strategy } of CELLS) {
      const isPlayed = SCENARIOS.some((one) => one.point === point && one.strategy === strategy);
      expect([point.name, strategy.name, isPlayed]).toEqual([
        point.name,
        strategy.name,
        whyNotCompared(point.name, strategy.name) === undefined,
      ]);
    }
  });

  it('leave nothing out that is not in the matrix', () => {
    const names = POINTS.map(({ name }) => name);
    for (const { points = [] } of NOT_COMPARED) expect(names).toEqual(expect.arrayContaining([...points]));
  });

  it('are as many as docs/proof.md says', () => {
    const document = readFileSync(join(repositoryRoot, 'docs', 'proof.md'), 'utf8').replaceAll(/\s+/g, ' ');
    const possible = SCENARIOS.filter(({ point, strategy }) => point.unreachable?.(strategy) === undefined);
    expect(document).toContain(`${SCENARIOS.length} of the ${CELLS.length} cells`);
    expect(document).toContain(
      `in ${SCENARIOS.length - possible.length} of them the point cannot be reached`,
    );
  });
});
