import { describe, expect, it } from '@jest/globals';
import { BadOptionsError } from '../lab.errors.js';
import { parseMatrixOptions } from './matrix-options.js';
import { POINTS } from './points/points.js';
import { STRATEGIES } from './strategies.js';

const namesOf = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name);

describe('the options of the matrix', () => {
  it('are everything by default', () => {
    const { points, strategies, replay } = parseMatrixOptions([]);
    expect([points, strategies, replay]).toEqual([POINTS, STRATEGIES, false]);
  });

  it('take rows and columns by their names', () => {
    const { points, strategies } = parseMatrixOptions([
      ...['--point', 'committed', '--point', 'poison'],
      ...['--strategy', 'direct'],
    ]);
    expect([namesOf(points), namesOf(strategies)]).toEqual([['committed', 'poison'], ['direct']]);
  });

  it('take the cell to replay as row and column', () => {
    const { points, strategies, replay } = parseMatrixOptions(['--replay', 'committed/outbox']);
    expect([namesOf(points), namesOf(strategies), replay]).toEqual([['committed'], ['outbox'], true]);
  });

  it('refuse everything that is wrong at once', () => {
    const parse = () => parseMatrixOptions(['--point', 'nowhere', '--strategy', 'hope', '--stages', '0']);
    expect(parse).toThrow(BadOptionsError);
    expect(parse).toThrow(/nowhere\n.*hope\n.*1 to 64; got 0/);
    expect(() => parseMatrixOptions(['--replay', 'committed'])).toThrow('there is no row or column ');
    expect(() => parseMatrixOptions(['--fast'])).toThrow("Unknown option '--fast'");
  });
});
