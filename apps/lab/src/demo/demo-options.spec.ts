import { describe, expect, it } from '@jest/globals';
import { BadOptionsError } from '../lab.errors.js';
import { parseDemoOptions } from './demo-options.js';

function errorOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('the options of the demo', () => {
  it('without any, both strategies run with 200 transfers from seed 1', () => {
    expect(parseDemoOptions([])).toEqual({
      help: false,
      strategies: ['direct', 'outbox'],
      transfers: 200,
      seed: 1,
    });
  });

  it('--strategy chooses one or all', () => {
    expect(parseDemoOptions(['--strategy', 'direct']).strategies).toEqual(['direct']);
    expect(parseDemoOptions(['--strategy=outbox']).strategies).toEqual(['outbox']);
    expect(parseDemoOptions(['--strategy', 'all']).strategies).toEqual(['direct', 'outbox']);
  });

  it('--json takes a file, or means standard output', () => {
    expect(parseDemoOptions(['--json', 'out.json']).json).toEqual({ file: 'out.json' });
    expect(parseDemoOptions(['--json=out.json']).json).toEqual({ file: 'out.json' });
    expect(parseDemoOptions(['--json']).json).toBe('stdout');
    expect(parseDemoOptions(['--json', '--seed', '7'])).toMatchObject({ json: 'stdout', seed: 7 });
  });

  it('--help asks for the text', () => {
    expect(parseDemoOptions(['--help']).help).toBe(true);
  });

  it.each([
    [['--transfers', '19'], '--transfers needs a whole number from 20 to 20000; got 19'],
    [['--transfers', '20001'], '--transfers needs a whole number from 20 to 20000; got 20001'],
    [['--transfers', '1e3'], '--transfers needs a whole number from 20 to 20000; got 1e3'],
    [['--transfers'], '--transfers needs a whole number from 20 to 20000; got nothing'],
    [['--seed', '-1'], '--seed needs a whole number from 0 to 4294967295; got -1'],
    [['--strategy', 'hope'], '--strategy needs one of direct, outbox, all; got hope'],
    [['--strategy', 'toString'], '--strategy needs one of direct, outbox, all; got toString'],
    [['--colour'], 'unknown option --colour'],
    [['stray'], 'unknown option stray'],
  ])('%j is refused by name, with exit code 2', (commandLine, message) => {
    const error = errorOf(() => parseDemoOptions(commandLine));
    expect(error).toBeInstanceOf(BadOptionsError);
    expect((error as BadOptionsError).exitCode).toBe(2);
    expect((error as BadOptionsError).message).toContain(message);
  });

  it('one message names every wrong option', () => {
    expect(() => parseDemoOptions(['--a', '--transfers', 'x', '--b'])).toThrow(
      /unknown option --a\n--transfers needs .*\nunknown option --b\n/,
    );
  });
});
