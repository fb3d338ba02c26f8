import { describe, expect, it } from '@jest/globals';
import { connect } from 'node-nats-streaming';
import { fakeNatsStreaming } from './fake-node-nats-streaming.js';

/** Publishes through the redirected import, and resolves with the fake's answer. */
function publish(): Promise<unknown> {
  const client = fakeNatsStreaming.clients[0] ?? connect('bank', 'spec', { url: 'nats://nowhere:4222' });
  return new Promise((resolve) =>
    (client as ReturnType<typeof connect>).publish('a.channel', 'data', resolve),
  );
}

describe('the one fake of the whole suite', () => {
  it('records a call, and refuses when it is told to', async () => {
    fakeNatsStreaming.answerPublish = { error: 'too many channels' };

    expect(await publish()).toBe('too many channels');

    expect(fakeNatsStreaming.client.published).toEqual([{ channel: 'a.channel', data: 'data' }]);
  });

  it('shows the next test no call of the last one, and still answers as it was told', async () => {
    expect(fakeNatsStreaming.client.published).toEqual([]);

    expect(await publish()).toBe('too many channels');
  });
});
