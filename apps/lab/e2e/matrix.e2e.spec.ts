import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { deviationOf } from '../src/matrix/matrix-report.js';
import { playMatrix } from '../src/matrix/matrix.js';
import { POINTS } from '../src/matrix/points/points.js';
import { STRATEGIES } from '../src/matrix/strategies.js';
import { Closers } from '../src/parts/closers.js';

/** One column; the whole matrix is `npm run matrix`. */
const STRATEGY = STRATEGIES.filter(({ name }) => name === 'outbox');
/** A cell takes 2 s where a process has to come back, and much longer on a busy machine. */
const CELL_MS_MAX = 30_000;

jest.setTimeout(CELL_MS_MAX * POINTS.length);

const open = new Closers();
afterAll(() => open.close());

describe('the column of the outbox', () => {
  it('comes out as predicted, whatever is killed, cut or lost', async () => {
    const played = await playMatrix(
      { points: POINTS, strategies: STRATEGY, stages: 1, onPlayed: () => undefined },
      open,
    );
    expect(played).toHaveLength(POINTS.length);
    expect(played.flatMap((cell) => deviationOf(cell) ?? [])).toEqual([]);
  });

  it('a fault that nothing meets fails its cell', async () => {
    const missed = { ...POINTS[0]!, prepare: () => Promise.resolve({ hasStruck: () => false }) };
    const [cell] = await playMatrix(
      { points: [missed], strategies: STRATEGY, stages: 1, onPlayed: () => undefined },
      open,
    );
    expect(deviationOf(cell!)).toContain('the point was not reached');
  });
});
