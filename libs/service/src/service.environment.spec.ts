import { InvalidEnvironmentError, parseEnvironment } from '@app/nats';
import { describe, expect, it } from '@jest/globals';
import { serviceEnvironment } from './service.environment.js';

const schema = serviceEnvironment(3001);
const minimal = {
  DATABASE_URL: 'postgres://user:secret@127.0.0.1:5432/transactions',
  NATS_URL: 'nats://127.0.0.1:4222',
  NATS_CLUSTER_ID: 'bank',
};

function problemsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    parseEnvironment(schema, environment);
  } catch (error) {
    if (error instanceof InvalidEnvironmentError) return error.problems;
    throw error;
  }
  return [];
}

describe('the environment of a service', () => {
  it('has a default for everything that can have one', () => {
    expect(parseEnvironment(schema, minimal)).toMatchObject({
      ...minimal,
      HOST: '127.0.0.1',
      PORT: 3001,
      DATABASE_POOL_MAX: 10,
      SHUTDOWN_TIMEOUT_MS: 10_000,
      EVENT_DELIVERY: 'outbox',
      NATS_ON_CONNECTION_LOST: 'exit',
    });
  });

  it('names what is missing: the database, the broker and its cluster, in one message', () => {
    expect(problemsOf({})).toEqual([
      'DATABASE_URL is missing',
      'NATS_URL is missing',
      'NATS_CLUSTER_ID is missing',
    ]);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', 'http'],
    ['PORT', '-1'],
    ['DATABASE_URL', 'mysql://127.0.0.1/x'],
    ['DATABASE_URL', 'postgres://'],
    ['DATABASE_POOL_MAX', '1'],
    ['SHUTDOWN_TIMEOUT_MS', '0'],
    ['EVENT_DELIVERY', 'hope'],
  ])('refuses %s=%s', (name, value) => {
    expect(problemsOf({ ...minimal, [name]: value })).toEqual([expect.stringContaining(`${name}: `)]);
  });

  it.each([
    ['PORT', '0', 0],
    ['PORT', '', 3001],
    ['DATABASE_URL', 'postgresql://127.0.0.1/x?options=-c%20search_path%3Drun1', undefined],
    ['EVENT_DELIVERY', 'direct', undefined],
  ])('takes %s=%s', (name, value, expected) => {
    expect(parseEnvironment(schema, { ...minimal, [name]: value })).toMatchObject({
      [name]: expected ?? value,
    });
  });

  it('does not show a password that stands in a wrong value', () => {
    expect(problemsOf({ ...minimal, DATABASE_URL: 'mysql://user:hunter2@db/x' }).join()).not.toContain(
      'hunter2',
    );
  });
});

describe('access to a service', () => {
  const SECRET = 'x'.repeat(32);

  it.each(['127.0.0.1', '127.8.0.1', '::1', 'localhost'])('is off on %s without a setting', (HOST) => {
    expect(problemsOf({ ...minimal, HOST })).toEqual([]);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'bank.example', '127.evil.example'])('is needed on %s', (HOST) => {
    expect(problemsOf({ ...minimal, HOST })).toEqual([
      'HOST: other machines reach this address: give AUTH_JWKS_URL or AUTH_JWT_SECRET, or AUTH_ALLOW_ANONYMOUS=true',
    ]);
  });

  it.each([
    { AUTH_JWT_SECRET: SECRET },
    { AUTH_JWKS_URL: 'https://x/keys' },
    { AUTH_ALLOW_ANONYMOUS: 'true' },
  ])('is settled on every address by %p', (settings) => {
    expect(problemsOf({ ...minimal, HOST: '0.0.0.0', ...settings })).toEqual([]);
  });

  it('takes a secret or a key set, not both; no short secret, and no URL that is none', () => {
    const both = { AUTH_JWT_SECRET: SECRET, AUTH_JWKS_URL: 'https://x/keys' };
    expect(problemsOf({ ...minimal, ...both })).toEqual([
      expect.stringMatching(/^AUTH_JWT_SECRET: .*not both/),
    ]);
    const wrong = { AUTH_JWT_SECRET: 'short', AUTH_JWKS_URL: 'keys' };
    const problems = problemsOf({ ...minimal, ...wrong });
    expect(problems).toContainEqual(expect.stringContaining('AUTH_JWT_SECRET: expected 32 bytes'));
    expect(problems).toContainEqual(expect.stringContaining('AUTH_JWKS_URL: expected http'));
  });

  it('shows the secret to nobody', () => {
    const environment = parseEnvironment(schema, { ...minimal, AUTH_JWT_SECRET: SECRET });
    expect(JSON.stringify(environment)).not.toContain(SECRET);
  });
});
