import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { EXPERIMENTS } from '../src/mutants/experiments.js';
import { runExperiments } from '../src/mutants/run-experiments.js';
import { Closers } from '../src/parts/closers.js';

/** Three that share their checks; all of them are `npm run mutants`. */
const NAMES = ['settle-before-acknowledgement', 'trust-the-callback', 'acknowledge-before-commit'];
/** Each of three mutants and two checks without one takes some 8 s, and much longer on a busy machine. */
const RUN_MS_MAX = 300_000;

jest.setTimeout(RUN_MS_MAX);

const open = new Closers();
afterAll(() => open.close());

describe('a bank without a safeguard', () => {
  it('loses what it keeps with it, and each changed line ran', async () => {
    const experiments = EXPERIMENTS.filter(({ mutants }) => mutants.every((name) => NAMES.includes(name)));
    const played = await runExperiments({ experiments, scenes: 2, onPlayed: () => undefined }, open);
    expect(played.map(({ mutants }) => mutants.join())).toEqual(expect.arrayContaining(['', ...NAMES]));
    expect(
      played.map(({ check, mutants, complaint }) => ({ check: check.name, mutants, complaint })),
    ).toEqual(played.map(({ check, mutants }) => ({ check: check.name, mutants, complaint: undefined })));
  });
});
