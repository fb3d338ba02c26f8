import { beforeEach, describe, expect, it } from '@jest/globals';
import { fakeNatsStreaming, testNatsOptions } from '../testing/index.js';
import type { NatsOptions } from './nats.options.js';
import { Secret } from './secret.js';
import { openStreamingClient } from './streaming-client.js';

beforeEach(() => fakeNatsStreaming.reset());

async function optionsOfClient(options: Partial<NatsOptions>) {
  await openStreamingClient(testNatsOptions(options));
  return fakeNatsStreaming.client.options;
}

describe('what the client is given', () => {
  it('is user and password, in the clear', async () => {
    const credentials = { user: 'bank', password: new Secret('hunter2') };
    expect(await optionsOfClient({ credentials })).toMatchObject({ user: 'bank', pass: 'hunter2' });
  });

  it('is a token', async () => {
    expect(await optionsOfClient({ credentials: { token: new Secret('hunter2') } })).toMatchObject({
      token: 'hunter2',
    });
  });

  it('is the TLS material, and nothing of it where none is set', async () => {
    const tls = { ca: 'the authority', cert: 'the certificate', key: new Secret('the key') };
    expect(await optionsOfClient({ tls })).toMatchObject({
      tls: { ca: 'the authority', cert: 'the certificate', key: 'the key' },
    });
    expect(await optionsOfClient({})).not.toHaveProperty('tls');
  });

  it.each([
    ['http://broker:80', 'nats://broker:80'],
    ['tls://broker:4222', 'tls://broker:4222'],
    ['nats://broker:4222', 'nats://broker:4222'],
  ])('for %s is %s', async (given, url) => {
    expect(await optionsOfClient({ url: given })).toMatchObject({ url });
  });

  it('is no count of attempts to reconnect: giving up is the moment of its false successes', async () => {
    expect(await optionsOfClient({})).toMatchObject({ maxReconnectAttempts: -1 });
  });
});
