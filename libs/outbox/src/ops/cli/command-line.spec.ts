import { describe, expect, it } from '@jest/globals';
import { BadCommandLineError } from '../../outbox.errors.js';
import { parseCommandLine } from './command-line.js';

const ID = '0190a0b0-0000-7000-8000-000000000001';
const URL = 'postgres://me@127.0.0.1/bank';
const environment = { DATABASE_URL: URL };

function problemsOf(
  commandLine: readonly string[],
  given: NodeJS.ProcessEnv = environment,
): readonly string[] {
  try {
    parseCommandLine(commandLine, given);
  } catch (error) {
    if (error instanceof BadCommandLineError) return error.problems;
    throw error;
  }
  return [];
}

const flagsOf = (...commandLine: string[]) => parseCommandLine(commandLine, environment)?.flags;

describe('a command line', () => {
  it('is read with its flags, in both ways of writing them', () => {
    expect(flagsOf('list', '--state=dead', '--limit', '7', '--after', 'x', '--json')).toEqual({
      state: 'dead',
      limit: 7,
      after: 'x',
      json: true,
      database: URL,
      ids: [],
    });
    expect(flagsOf('drop', ID, '--reason', 'not wanted')).toMatchObject({ ids: [ID], reason: 'not wanted' });
    expect(flagsOf('replay', '--from', '2026-11-22T21:00:00+01:00')).toMatchObject({
      from: new Date('2026-11-22T20:00:00Z'),
    });
  });

  it('prefers its own database to that of the environment, and needs one of them', () => {
    const other = 'postgresql://other/x';
    expect(flagsOf('stats', '--database', other)).toMatchObject({ database: other });
    expect(problemsOf(['stats'], {})).toEqual(['--database: or DATABASE_URL is needed']);
    expect(problemsOf(['stats', '--database', 'mysql://x/y'])).toEqual([
      '--database: expected postgres://user:password@host/name',
    ]);
  });

  it('of sql needs no database', () => {
    expect(parseCommandLine(['sql'], {})).toMatchObject({ name: 'sql', flags: { json: false, ids: [] } });
    expect(problemsOf(['sql', '--database', URL])).toEqual(['--database is not an option of sql']);
  });

  it('that asks for help is not looked at further', () => {
    expect(parseCommandLine(['--help'], {})).toBeUndefined();
    expect(parseCommandLine(['list', '--help', '--nonsense'], {})).toBeUndefined();
  });

  it('names the tables', () => {
    const command = parseCommandLine(['stats', '--schema', 'billing', '--prefix', 'b_'], environment);
    expect(command?.tables.text('select from outbox_lane')).toBe('select from "billing".b_outbox_lane');
  });

  it('that is wrong in many ways is told all of them', () => {
    const commandLine = [
      'list',
      ID,
      '--state',
      'lost',
      '--limit',
      '0',
      '--from',
      'x',
      '--colour',
      '--json=1',
    ];
    expect(problemsOf([...commandLine, '--schema', 'A b', '--key'], {})).toEqual([
      '--json takes no value',
      '--key needs a value',
      '--database: or DATABASE_URL is needed',
      `${ID}: unexpected`,
      '--state: expected parked, blocked, dead, pending',
      '--limit: expected 1 or more',
      '--from is not an option of list',
      '--colour is not an option of list',
      'schema is "A b"; expected small letters, digits and _ only',
    ]);
  });

  it.each([
    [['lost'], 'expected a command (list, show, requeue, drop, stats, replay, reconcile, sql); got lost'],
    [[], 'expected a command (list, show, requeue, drop, stats, replay, reconcile, sql); got none'],
    [
      ['toString'],
      'expected a command (list, show, requeue, drop, stats, replay, reconcile, sql); got toString',
    ],
    [['show'], 'expected one id'],
    [['show', ID, ID], 'expected one id'],
    [['show', 'x'], 'x: expected the id of a message, a UUID'],
    [['requeue'], 'requeue needs either ids, or --key, or --type'],
    [['requeue', ID, '--key', 'a'], 'requeue needs either ids, or --key, or --type'],
    [['requeue', '--key', 'a', '--type', 'b'], 'requeue needs either ids, or --key, or --type'],
    [['drop', '--reason', 'x'], 'expected one id or more'],
    [['drop', ID], '--reason: is needed'],
    [['drop', ID, '--reason', ''], '--reason: expected a text'],
    [['drop', ID, '--reason', '--json'], '--reason needs a value', '--reason: is needed'],
    [['replay'], 'replay needs --key, --type, --from or --to'],
    [['replay', '--limit', '9'], 'replay needs --key, --type, --from or --to'],
    [['replay', '--key', 'a', '--limit', '100001'], '--limit: expected 100000 or less'],
    [['replay', '--from', 'yesterday'], '--from: expected a time, such as 2026-11-22T20:00:00Z'],
    [['reconcile'], '--inbox: is needed'],
    [
      ['reconcile', '--inbox', URL, '--inbox-prefix', 'A'],
      'prefix is "A"; expected small letters, digits and _ only',
    ],
    [['list', '--limit', 'many'], '--limit: expected a whole number from 1 to 1000'],
    [['list', '--limit', '1001'], '--limit: expected 1000 or less'],
    [['list', '--state', 'dead', '--key', 'a'], '--key: dead letters have no key'],
    [['list', '--state', 'pending', '--key', ''], '--key: expected a text'],
  ])('%p is refused', (commandLine, ...problems) => {
    expect(problemsOf(commandLine)).toEqual(problems);
  });
});
