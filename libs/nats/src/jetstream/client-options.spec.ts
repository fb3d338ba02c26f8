import { describe, expect, it } from '@jest/globals';
import { testNatsOptions } from '../../testing/index.js';
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
      reconnectJitterTLS: 100,
    });
  });

  it('hold the address alone, and beside it what the URL says besides', () => {
    const url = 'tls://user:p%40ss@broker:4222';
    expect(optionsFor({ url })).toMatchObject({
      servers: 'broker:4222',
      user: 'user',
      pass: 'p@ss',
      tls: { servername: 'broker' },
    });
  });
});
