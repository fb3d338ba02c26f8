import { describe, expect, it } from '@jest/globals';
import { testNatsOptions } from '../../testing/index.js';
import { Secret } from '../secret.js';
import { clientOptionsFrom } from './client-options.js';

const optionsFor = (given: Parameters<typeof testNatsOptions>[0]) =>
  clientOptionsFrom(testNatsOptions({ url: 'nats://127.0.0.1:4222', ...given }));

describe('the options of the NATS client', () => {
  it('name every timer, because the client’s own pings notice a silent peer after four minutes', () => {
    expect(optionsFor({ connectTimeoutMs: 1, pingIntervalMs: 2, pingsOutMax: 3 })).toEqual({
      servers: '127.0.0.1:4222',
      name: 'transactions-1',
      timeout: 1,
      pingInterval: 2,
      maxPingOut: 3,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
    });
  });

  it.each([
    ['nats://user:p%40ss@broker:4222', { servers: 'broker:4222', user: 'user', pass: 'p@ss' }],
    ['nats://token@broker:4222', { servers: 'broker:4222', token: 'token' }],
    ['tls://broker:4222', { servers: 'broker:4222', tls: {} }],
    ['http://broker:4222', { servers: 'broker:4222' }],
  ])('take out of %s what the client does not read there', (url, expected) => {
    const { servers, user, pass, token, tls } = optionsFor({ url });
    const taken = Object.fromEntries(
      Object.entries({ servers, user, pass, token, tls }).filter(([, value]) => value !== undefined),
    );
    expect(taken).toEqual(expected);
  });

  it('reveal the secrets to the client, and prefer them to those of the URL', () => {
    const credentials = { user: 'bank', password: new Secret('hunter2') };
    expect(optionsFor({ url: 'nats://user:pass@broker:4222', credentials })).toMatchObject({
      user: 'bank',
      pass: 'hunter2',
    });
    expect(optionsFor({ credentials: { token: new Secret('t') } })).toMatchObject({ token: 't' });
    expect(optionsFor({ tls: { ca: 'CA', cert: 'CERT', key: new Secret('KEY') } }).tls).toEqual({
      ca: 'CA',
      cert: 'CERT',
      key: 'KEY',
    });
  });
});
