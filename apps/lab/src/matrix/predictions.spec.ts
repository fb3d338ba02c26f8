import { describe, expect, it } from '@jest/globals';
import { POINTS } from './points/points.js';
import { LETTERS, TABLE_ROWS } from './prediction-table.js';
import { predictionOf } from './predictions.js';
import { STRATEGIES } from './strategies.js';

const CELLS = POINTS.flatMap((point) => STRATEGIES.map((strategy) => ({ point, strategy })));

describe('the table of predictions', () => {
  it('has a row for each point and a cell for each strategy, and no more', () => {
    expect(Object.keys(TABLE_ROWS).toSorted()).toEqual(POINTS.map(({ name }) => name).toSorted());
    for (const [name, { cells }] of Object.entries(TABLE_ROWS)) {
      expect([name, cells.split(/\s+/).length]).toEqual([name, STRATEGIES.length]);
    }
  });

  it('has a reason for every cell', () => {
    for (const { point, strategy } of CELLS) {
      expect(predictionOf(point.name, strategy.name).because.length).toBeGreaterThan(10);
    }
  });

  it('has no reason for a verdict that its row does not have', () => {
    for (const [name, { cells, because }] of Object.entries(TABLE_ROWS)) {
      const unused = Object.keys(because).filter((letter) => !cells.includes(letter));
      expect([name, unused]).toEqual([name, []]);
    }
  });

  it('calls a cell impossible exactly where its point cannot be reached', () => {
    const impossible = CELLS.filter(
      ({ point, strategy }) => predictionOf(point.name, strategy.name).verdict === LETTERS['-'],
    );
    const unreachable = CELLS.filter(({ point, strategy }) => point.unreachable?.(strategy) !== undefined);
    expect(impossible).toEqual(unreachable);
  });

  it('speaks of at least 30 points, 8 strategies and 120 cells that can be', () => {
    const possible = CELLS.filter(({ point, strategy }) => point.unreachable?.(strategy) === undefined);
    expect(POINTS.length).toBeGreaterThanOrEqual(30);
    expect(STRATEGIES.length).toBeGreaterThanOrEqual(8);
    expect(possible.length).toBeGreaterThanOrEqual(120);
  });

  it('an outbox with its inbox never loses, doubles or invents a transfer, unless the broker’s store is lost', () => {
    const damaged = CELLS.filter(({ strategy }) => ['outbox', 'outbox-jetstream'].includes(strategy.name))
      .map(({ point, strategy }) => [point.name, predictionOf(point.name, strategy.name).verdict] as const)
      .filter(([, verdict]) => !['consistent', 'converged'].includes(verdict));
    expect(Object.fromEntries(damaged)).toEqual({
      'delivery-overtaken': 'reordered',
      'broker-store-lost': 'lost',
    });
  });

  it('refuses to predict what is not in it', () => {
    expect(() => predictionOf('no-such-point', 'outbox')).toThrow('no-such-point × outbox has no prediction');
  });
});
