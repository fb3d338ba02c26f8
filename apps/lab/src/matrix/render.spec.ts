import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repositoryRoot } from '../parts/repository.js';
import { POINTS } from './points/points.js';
import { predictionOf } from './predictions.js';
import { renderDocument, renderText, type Table } from './render.js';
import { STRATEGIES } from './strategies.js';

const asPredicted: Table = {
  points: POINTS,
  strategies: STRATEGIES,
  cellOf: (point, strategy) => predictionOf(point.name, strategy.name).verdict,
};

describe('docs/crash-matrix.md', () => {
  it('is what a run that comes out as predicted writes', () => {
    const committed = readFileSync(join(repositoryRoot, 'docs', 'crash-matrix.md'), 'utf8');
    expect(committed).toBe(renderDocument(asPredicted));
  });

  it('shows another verdict where a cell came out otherwise', () => {
    const [point] = POINTS;
    const otherwise: Table = {
      ...asPredicted,
      cellOf: (each, strategy) => (each === point ? 'lost+stuck' : asPredicted.cellOf(each, strategy)),
    };
    expect(renderDocument(otherwise)).toContain('| **lost, stuck** |');
  });
});

describe('the table on a terminal', () => {
  it('has a line for each point, and says of a column that was not played that it was not', () => {
    const points = POINTS.slice(0, 2);
    const text = renderText({ points, strategies: STRATEGIES.slice(6), cellOf: () => 'not run' });
    expect(text.split('\n')).toEqual([
      '                   outbox   o-jetstream',
      'request-received   not run  not run',
      'transaction-begun  not run  not run',
    ]);
  });
});
