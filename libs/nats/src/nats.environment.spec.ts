import { hostname } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { parseEnvironment } from './environment.js';
import { z } from 'zod';
import { defaultClientId, natsEnvironment, natsOptionsFrom } from './nats.environment.js';
import { redactUrl } from './target.js';

describe('the client id', () => {
  it('is by default the service’s name and the host’s', () => {
    expect(defaultClientId('transactions', 'pod-7')).toBe('transactions-pod-7');
    expect(defaultClientId('transactions')).toContain(hostname().replace(/[^A-Za-z0-9_-]/g, '-'));
  });

  it('has no character that the server refuses', () => {
    expect(defaultClientId('transactions', 'host.example.org')).toBe('transactions-host-example-org');
  });
});

describe('the options', () => {
  const role = { service: 'transactions', startup: 'wait' } as const;
  const environment = { NATS_URL: 'nats://127.0.0.1:4222', NATS_CLUSTER_ID: 'bank' };
  const optionsFrom = (given: NodeJS.ProcessEnv) =>
    natsOptionsFrom(parseEnvironment(z.object(natsEnvironment), given), role);

  it('take each setting from its variable', () => {
    const options = optionsFrom({
      ...environment,
      NATS_CLIENT_ID: 'transactions-0',
      NATS_CHANNEL_PREFIX: 'staging.',
      NATS_ON_CONNECTION_LOST: 'reconnect',
      NATS_STARTUP_TIMEOUT_MS: '1',
      NATS_CONNECT_TIMEOUT_MS: '2',
      NATS_RESUME_TIMEOUT_MS: '3',
      NATS_PING_INTERVAL_MS: '4',
      NATS_PINGS_OUT_MAX: '5',
      NATS_ACK_TIMEOUT_MS: '6',
      NATS_ACK_WAIT_MS: '7000',
    });
    expect(options).toMatchObject({
      url: 'nats://127.0.0.1:4222',
      driver: { name: 'streaming', clusterId: 'bank' },
      clientId: 'transactions-0',
      channelPrefix: 'staging.',
      onConnectionLost: 'reconnect',
      startupTimeoutMs: 1,
      connectTimeoutMs: 2,
      resumeTimeoutMs: 3,
      pingIntervalMs: 4,
      pingsOutMax: 5,
      ackTimeoutMs: 6,
      ackWaitMs: 7_000,
    });
  });

  it('have no cluster id with JetStream, and are not made without one where it is needed', () => {
    const { NATS_URL } = environment;
    expect(optionsFrom({ ...environment, NATS_DRIVER: 'jetstream' }).driver).toEqual({
      name: 'jetstream',
      replicas: 1,
      maxAgeMs: 0,
      duplicateWindowMs: 120_000,
    });
    expect(() => optionsFrom({ NATS_URL })).toThrow('NATS_CLUSTER_ID is missing');
  });

  it('take the rest from the service’s role', () => {
    expect(optionsFrom(environment)).toMatchObject({
      clientId: defaultClientId('transactions'),
      queue: 'transactions',
      startup: 'wait',
    });
  });

  it('stay under the client’s own limit of publishes in flight, above which it sends what it refuses', () => {
    expect(optionsFrom(environment).publishesInFlightMax).toBeLessThan(16_384);
  });
});

describe('a URL that is shown', () => {
  it.each([
    ['nats://127.0.0.1:4222', 'nats://127.0.0.1:4222'],
    ['nats://user:secret@broker:4222', 'nats://***@broker:4222'],
    ['nats://token@broker:4222', 'nats://***@broker:4222'],
    ['nats://user:p@ss@broker:4222', 'nats://***@broker:4222'],
  ])('%s becomes %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });
});

describe('the address and what goes with it', () => {
  const role = { service: 'transactions', startup: 'wait' } as const;
  const given = { NATS_URL: 'nats://127.0.0.1:4222', NATS_CLUSTER_ID: 'bank' };
  const optionsFrom = (more: NodeJS.ProcessEnv) =>
    natsOptionsFrom(parseEnvironment(z.object(natsEnvironment), { ...given, ...more }), role);

  it.each(['nats://broker:4222', 'tls://broker:4222', 'http://broker:4222'])('may be %s', (url) => {
    expect(optionsFrom({ NATS_URL: url }).url).toBe(url);
  });

  it('may not be a bare host:port, and the error names the form to use', () => {
    expect(() => optionsFrom({ NATS_URL: 'broker:4222' })).toThrow('write nats://host:port');
  });

  it('comes with a user and a password, a token, or TLS files', () => {
    const { credentials } = optionsFrom({ NATS_USER: 'bank', NATS_PASSWORD: 'hunter2' });
    expect([credentials?.user, credentials?.password?.reveal()]).toEqual(['bank', 'hunter2']);
    expect(optionsFrom({ NATS_TOKEN: 'hunter2' }).credentials?.token?.reveal()).toBe('hunter2');
    const ca = import.meta.filename;
    expect(optionsFrom({ NATS_TLS_CA: ca }).tls?.ca).toContain('may not be a bare host:port');
    const { tls } = optionsFrom({ NATS_TLS_CERT: ca, NATS_TLS_KEY: ca });
    expect(tls?.key?.reveal()).toBe(tls?.cert);
    expect(optionsFrom({})).not.toHaveProperty('tls');
    expect(optionsFrom({})).not.toHaveProperty('credentials');
  });

  it.each([
    [{ NATS_USER: 'bank', NATS_PASSWORD: 'a', NATS_TOKEN: 'b' }, 'not both'],
    [{ NATS_USER: 'bank' }, 'NATS_PASSWORD is missing'],
    [{ NATS_TLS_KEY: import.meta.filename }, 'NATS_TLS_CERT is missing'],
    [{ NATS_TLS_CA: '/nowhere/ca.pem' }, 'NATS_TLS_CA: expected the path of a readable PEM file'],
  ])('is refused where it does not go together: %j', (wrong, problem) => {
    expect(() => optionsFrom(wrong)).toThrow(problem);
  });
});
