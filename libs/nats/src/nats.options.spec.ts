import { hostname } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { parseEnvironment } from './environment.js';
import { z } from 'zod';
import { defaultClientId, natsEnvironment, natsOptionsFrom, redactUrl } from './nats.options.js';

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
      clusterId: 'bank',
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
