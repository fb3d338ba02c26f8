import { describe, expect, it } from '@jest/globals';
import { BadOptionsError } from '../lab.errors.js';
import { parseChaosOptions } from './chaos-options.js';

describe('the options of the chaos run', () => {
  it('have defaults, and a seed of their own', () => {
    const options = parseChaosOptions([]);
    expect(options).toMatchObject({
      durationMs: 120_000,
      strategies: ['outbox', 'direct'],
      reportFile: expect.stringMatching(/chaos\.html$/),
    });
    expect(parseChaosOptions([]).seed).not.toBe(options.seed);
  });

  it('are read', () => {
    const line = '--seed 7 --minutes 0.5 --strategy outbox --rate 20 --report /tmp/x.html';
    expect(parseChaosOptions(line.split(' '))).toEqual({
      help: false,
      seed: 7,
      durationMs: 30_000,
      strategies: ['outbox'],
      ratePerSecond: 20,
      reportFile: '/tmp/x.html',
    });
  });

  it.each([
    '--seed -1',
    '--seed x',
    '--minutes 0',
    '--minutes 1e3',
    '--strategy fast',
    '--rate 0',
    '--loud',
    'now',
  ])('refuse %s, and say how it is done', (line) => {
    const parse = () => parseChaosOptions(line.split(' '));
    expect(parse).toThrow(BadOptionsError);
    expect(parse).toThrow(/npm run chaos -- \[options\]/);
  });

  it('are refused for everything that is wrong with them at once', () => {
    const parse = () => parseChaosOptions('--seed x --minutes 0 --strategy fast --rate 0'.split(' '));
    for (const name of ['--seed', '--minutes', '--strategy', '--rate'])
      expect(parse).toThrow(new RegExp(`^${name} needs .*; got `, 'm'));
  });
});
