import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { predictionOf } from '../src/matrix/predictions.js';
import { STRATEGIES, type Strategy } from '../src/matrix/strategies.js';
import { isGreen } from '../src/matrix/verdict.js';
import { Closers } from '../src/parts/closers.js';
import { playScenarios } from '../src/simulation/scenario/play-scenarios.js';
import type { ScenarioReport } from '../src/simulation/scenario/scenario-protocol.js';
import { SCENARIOS } from '../src/simulation/scenario/scenarios.js';

/** What a seed decides, how long each way takes, must not matter: `TEST_LONG` tries some more. */
const SEEDS = process.env['TEST_LONG'] ? [2, 3, 4, 5] : [2];
/** A seed takes some 10 s where two cores are free, and much longer on a busy machine. */
const RUN_MS_MAX = 300_000;

jest.setTimeout(RUN_MS_MAX);

const WITH_ALL_SAFEGUARDS = new Set<string>(
  STRATEGIES.filter(({ mutants }: Strategy) => mutants === undefined).map(({ name }) => name),
);

const open = new Closers();
let reports: readonly ScenarioReport[] = [];
beforeAll(async () => {
  reports = await playScenarios(SEEDS, open);
});
afterAll(() => open.close());

describe('a cell of the matrix in the simulation', () => {
  it('is played with every seed, whatever can be simulated of the matrix', () => {
    expect(reports.length).toBe(SCENARIOS.length * SEEDS.length);
    expect(SCENARIOS.length).toBeGreaterThanOrEqual(150);
  });

  it('comes to the verdict that real processes come to', () => {
    const verdictOf = ({ point, strategy, seed, verdict, findings }: ScenarioReport) =>
      `${point} × ${strategy}, seed ${seed}: ${verdict ?? findings.join()}`;
    const expected = reports.map((report) => {
      return verdictOf({ ...report, verdict: predictionOf(report.point, report.strategy).verdict });
    });
    expect(reports.map(verdictOf)).toEqual(expected);
  });

  it('leaves no record that disagrees, where nothing was taken out and no transfer is damaged', () => {
    const whole = reports.filter(
      ({ strategy, verdict }) => WITH_ALL_SAFEGUARDS.has(strategy) && isGreen(verdict ?? ''),
    );
    expect(whole.filter(({ findings }) => findings.length > 0)).toEqual([]);
  });
});
