import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomInt } from 'node:crypto';
import { relayCrashes, CRASH_ROUNDS_MIN, type CrashesReport } from '../src/relay-crashes/relay-crashes.js';

/** `TEST_SEED` repeats the plan of a run that failed; `TEST_OUTBOX_ROUNDS` makes a longer one. */
const SEED = Number(process.env['TEST_SEED'] ?? randomInt(2 ** 31));
const ROUNDS = Number(process.env['TEST_OUTBOX_ROUNDS'] ?? CRASH_ROUNDS_MIN);
const ROUND_MS_MAX = 90_000;

jest.setTimeout(ROUND_MS_MAX * (ROUNDS + 1));

describe('relays that are killed, stopped and starved while writers go on', () => {
  let report: CrashesReport;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    process.stderr.write(`outbox rounds: ${ROUNDS}, TEST_SEED=${SEED}\n`);
    report = await relayCrashes({ seed: SEED, rounds: ROUNDS });
    process.stderr.write(`${JSON.stringify(report, null, 2)}\n`);
  });

  it('lose nothing, keep the order of each key, and count every attempt; the inbox swallows the repeats', () => {
    expect({ TEST_SEED: SEED, problems: report.problems }).toEqual({ TEST_SEED: SEED, problems: [] });
    expect(report.committedEvents).toBeGreaterThan(ROUNDS);
  });

  it('met every fault, and left batches and repeats behind', () => {
    expect(Object.entries(report.occurred).filter(([, times]) => times === 0)).toEqual([]);
    expect(report.leasedInVain).toBeGreaterThan(0);
    expect(report.repeats).toBeGreaterThan(0);
  });
});
