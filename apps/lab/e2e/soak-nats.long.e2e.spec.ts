import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { soak, type SoakReport } from '../src/soak/soak.js';

jest.setTimeout(120_000);
/** Fixed, so that a failure is one of the code; `npm run soak:nats` draws another one each time. */
const SEED = 5;
const ROUNDS = 20;

describe('a relay and a consumer through twenty rounds of faults', () => {
  let report: SoakReport;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    report = await soak({ rounds: ROUNDS, seed: SEED });
  });

  it('have nothing wrong in the end', () => {
    expect(report.problems).toEqual([]);
    expect(report.settled).toBe(report.created);
  });

  it('lose exactly what the broker had acknowledged and not delivered when it lost its store', () => {
    expect(report.missing).toEqual(expect.arrayContaining([...report.expectedMissing]));
    expect(report.missing).toHaveLength(report.expectedMissing.length);
    expect(report.missing.length).toBeGreaterThan(0);
  });

  it('met every case that was planned', () => {
    const never = Object.entries(report.cases).filter(([, { occurred }]) => occurred === 0);
    expect(never).toEqual([]);
  });
});
