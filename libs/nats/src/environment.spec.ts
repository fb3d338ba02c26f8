import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { z } from 'zod';
import { environmentOrExit, parseEnvironment } from './environment.js';
import { InvalidEnvironmentError } from './nats.errors.js';
import { natsEnvironment, natsRules } from './nats.environment.js';

const schema = z.object(natsEnvironment).check(natsRules);
const minimal = { NATS_URL: 'nats://127.0.0.1:4222', NATS_CLUSTER_ID: 'bank' };

afterEach(() => {
  jest.restoreAllMocks();
});

function problemsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    parseEnvironment(schema, environment);
  } catch (error) {
    if (error instanceof InvalidEnvironmentError) return error.problems;
    throw error;
  }
  return [];
}

describe('the environment', () => {
  it('has a default for everything but the URL and the cluster id', () => {
    expect(parseEnvironment(schema, minimal)).toEqual({
      ...minimal,
      NATS_DRIVER: 'streaming',
      NATS_STREAM_REPLICAS: 1,
      NATS_STREAM_MAX_AGE_MS: 0,
      NATS_DUPLICATE_WINDOW_MS: 120_000,
      NATS_CHANNEL_PREFIX: '',
      NATS_ON_CONNECTION_LOST: 'exit',
      NATS_STARTUP_TIMEOUT_MS: 30_000,
      NATS_CONNECT_TIMEOUT_MS: 2_000,
      NATS_CLIENT_ID_TIMEOUT_MS: 30_000,
      NATS_RESUME_TIMEOUT_MS: 2_000,
      NATS_PING_INTERVAL_MS: 2_000,
      NATS_PINGS_OUT_MAX: 3,
      NATS_ACK_TIMEOUT_MS: 5_000,
      NATS_ACK_WAIT_MS: 5_000,
      NATS_DELIVERIES_MAX: 10,
    });
    expect(problemsOf({})).toEqual(['NATS_URL is missing', 'NATS_CLUSTER_ID is missing']);
  });

  it('needs a cluster id for the driver that has one, and says so beside all that is wrong', () => {
    expect(problemsOf({ ...minimal, NATS_CLUSTER_ID: undefined })).toEqual(['NATS_CLUSTER_ID is missing']);
    expect(problemsOf({ NATS_URL: minimal.NATS_URL, NATS_DRIVER: 'jetstream' })).toEqual([]);
    expect(problemsOf({ ...minimal, NATS_DRIVER: 'jetstream' })).toEqual([]);
    expect(
      problemsOf({ NATS_PINGS_OUT_MAX: '0', NATS_USER: 'bank', NATS_TLS_KEY: import.meta.filename }),
    ).toEqual([
      'NATS_URL is missing',
      expect.stringContaining('NATS_PINGS_OUT_MAX: '),
      'NATS_CLUSTER_ID is missing',
      'NATS_PASSWORD is missing',
      'NATS_TLS_CERT is missing',
    ]);
  });

  it('names every wrong and every missing variable in one message', () => {
    const wrong = {
      NATS_URL: 'http://127.0.0.1',
      NATS_CLIENT_ID: 'no dots. no spaces',
      NATS_ON_CONNECTION_LOST: 'shrug',
      NATS_ACK_WAIT_MS: '1500',
      NATS_CONNECT_TIMEOUT_MS: 'soon',
    };
    expect(() => parseEnvironment(schema, wrong)).toThrow(InvalidEnvironmentError);
    const names = problemsOf(wrong).map((problem) => /^[A-Z_]+/.exec(problem)?.[0]);
    expect(names.sort()).toEqual([...Object.keys(wrong), 'NATS_CLUSTER_ID'].sort());
    for (const name of names) expect(() => parseEnvironment(schema, wrong)).toThrow(name);
  });

  it('does not show values: one of them may be a secret', () => {
    const wrong = Object.fromEntries(Object.keys(natsEnvironment).map((name) => [name, '§hunter2§']));
    const problems = problemsOf({ ...wrong, NATS_URL: 'nats://user:§hunter2§' });
    expect(problems.length).toBeGreaterThan(5);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('takes an empty variable for a missing one', () => {
    expect(
      parseEnvironment(schema, { ...minimal, NATS_CLIENT_ID: '', NATS_PINGS_OUT_MAX: '' }),
    ).toMatchObject({
      NATS_PINGS_OUT_MAX: 3,
    });
    expect(problemsOf({ ...minimal, NATS_CLUSTER_ID: '' })).toEqual(['NATS_CLUSTER_ID is missing']);
  });

  it.each([
    ['NATS_URL', '127.0.0.1:4222'],
    ['NATS_URL', 'nats://127.0.0.1'],
    ['NATS_URL', 'nats://127.0.0.1:4222/path'],
    ['NATS_URL', 'nats://127.0.0.1:99999'],
    ['NATS_CLIENT_ID', 'a.b'],
    ['NATS_CHANNEL_PREFIX', 'staging'],
    ['NATS_CHANNEL_PREFIX', '.'],
    ['NATS_ON_CONNECTION_LOST', 'EXIT'],
    ['NATS_STARTUP_TIMEOUT_MS', '0'],
    ['NATS_CONNECT_TIMEOUT_MS', '1.5'],
    ['NATS_RESUME_TIMEOUT_MS', '3600001'],
    ['NATS_PING_INTERVAL_MS', '-1'],
    ['NATS_PINGS_OUT_MAX', '101'],
    ['NATS_ACK_TIMEOUT_MS', '5s'],
    ['NATS_ACK_WAIT_MS', '1500'],
  ])('refuses %s=%s', (name, value) => {
    expect(problemsOf({ ...minimal, [name]: value })).toEqual([expect.stringContaining(`${name}: `)]);
  });

  it.each([
    ['NATS_URL', 'nats://user:p@ss@broker.example:4222/'],
    ['NATS_CLIENT_ID', 'transactions-0_A'],
    ['NATS_CHANNEL_PREFIX', 'staging.eu-1.'],
  ])('takes %s=%s', (name, value) => {
    expect(parseEnvironment(schema, { ...minimal, [name]: value })).toMatchObject({ [name]: value });
  });
});

describe('a process whose environment is wrong', () => {
  it('says what is wrong on standard error and exits with code 78', () => {
    const exit = jest.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exited with ${code}`);
    });
    const said = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const absent = z.object({ CERTAINLY_NOT_SET: z.string() });
    expect(() => environmentOrExit(absent)).toThrow('exited with 78');
    expect(exit).toHaveBeenCalledTimes(1);
    expect(said).toHaveBeenCalledWith('The configuration is not valid:\n  - CERTAINLY_NOT_SET is missing');
  });

  it('gets its values when it is right', () => {
    expect(environmentOrExit(z.object({ PATH: z.string() }))).toEqual({ PATH: process.env.PATH });
  });
});
