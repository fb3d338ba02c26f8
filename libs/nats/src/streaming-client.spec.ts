import { beforeEach, describe, expect, it } from '@jest/globals';
import { fakeNatsStreaming, testNatsOptions } from '../testing/index.js';
import type { NatsOptions } from './nats.options.js';
import { openStreamingClient } from './streaming-client.js';

beforeEach(() => fakeNatsStreaming.reset());

async function optionsOfClient(options: Partial<NatsOptions>) {
  await openStreamingClient(testNatsOptions(options));
  return fakeNatsStreaming.client.options;
}

describe('what the client is given', () => {
  it('is the address alone, and beside it what the URL says besides', async () => {
    expect(await optionsOfClient({ url: 'tls://user:p%40ss@broker:4222' })).toMatchObject({
      url: 'nats://broker:4222',
      user: 'user',
      pass: 'p@ss',
      tls: { servername: 'broker' },
    });
  });

  it('is nothing of TLS where none is asked for', async () => {
    expect(await optionsOfClient({})).not.toHaveProperty('tls');
  });

  it('is more patience with the streaming server than with the TCP peer, which can be dialled again', async () => {
    const options = await optionsOfClient({ pingIntervalMs: 2_000, pingsOutMax: 3 });
    expect(options).toMatchObject({ pingInterval: 2_000, maxPingOut: 3, stanPingInterval: 2_000 });
    expect(options).toMatchObject({ stanMaxPingOut: 6 });
  });

  it('is no count of attempts to reconnect: giving up is the moment of its false successes', async () => {
    expect(await optionsOfClient({})).toMatchObject({ maxReconnectAttempts: -1 });
  });
});
