import { describe, expect, it } from '@jest/globals';
import { EXPERIMENTS } from '../mutants/experiments.js';
import { MUTANTS } from '../mutants/mutants.js';
import { parseSimulateOptions } from './simulate-options.js';

describe('the options of the simulation', () => {
  it('are a thousand schedules from seed 1, when nothing is said', () => {
    expect(parseSimulateOptions([])).toMatchObject({
      schedules: 1_000,
      firstSeed: 1,
      replay: undefined,
      hunts: [],
      limit: 2_000,
    });
  });

  it('take out with --mutants all that is taken out of real processes, after the schedules', () => {
    const { schedules, hunts } = parseSimulateOptions(['--schedules', '5', '--mutants']);
    expect(schedules).toBe(5);
    expect(hunts).toEqual(EXPERIMENTS.map(({ mutants }) => mutants));
    expect(new Set(hunts.flat())).toEqual(new Set(MUTANTS.map(({ name }) => name)));
  });

  it('take out with --mutant what has a part in it, and run no schedule with it', () => {
    const { schedules, hunts } = parseSimulateOptions(['--mutant', 'ledger-without-claim']);
    expect(schedules).toBe(0);
    expect(hunts).toEqual([['no-inbox', 'ledger-without-claim']]);
  });

  it.each([
    [['--schedules', '0'], '--schedules needs a whole number from 1 to 10000000; got 0'],
    [['--seed', '-1'], "'--seed' argument is ambiguous"],
    [['--seed', '1.5'], '--seed needs a whole number from 0 to 4284967295; got 1.5'],
    [['--workers', '65'], '--workers needs a whole number from 1 to 64; got 65'],
    [['--mutant', 'gremlin'], 'there is no mutant gremlin'],
    [['--mutants', '--mutant', 'no-inbox'], '--mutants takes all of them'],
    [['--whole'], '--whole needs --replay'],
    [['--fast'], "Unknown option '--fast'"],
  ])('that are wrong are named: %j', (commandLine, problem) => {
    expect(() => parseSimulateOptions(commandLine)).toThrow(problem);
  });
});
