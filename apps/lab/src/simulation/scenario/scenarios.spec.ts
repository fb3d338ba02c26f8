import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { POINTS } from '../../matrix/points/points.js';
import { STRATEGIES } from '../../matrix/strategies.js';
import { repositoryRoot } from '../../parts/repository.js';
import { SCENARIOS } from './scenarios.js';

describe('the scenarios', () => {
  it('are as many as docs/proof.md says', () => {
    const document = readFileSync(join(repositoryRoot, 'docs', 'proof.md'), 'utf8').replaceAll(/\s+/g, ' ');
    const possible = SCENARIOS.filter(({ point, strategy }) => point.unreachable?.(strategy) === undefined);
    expect(document).toContain(`${SCENARIOS.length} of the ${POINTS.length * STRATEGIES.length} cells`);
    expect(document).toContain(
      `in ${SCENARIOS.length - possible.length} of them the point cannot be reached`,
    );
  });
});
