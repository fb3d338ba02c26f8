import type { Exhibit } from './exhibit.js';
import { connect } from 'node-nats-streaming';
import { discard } from './exhibit-stage.js';
import { publishRaw, publishSafely } from './observe.js';

const ACK_TIMEOUT_MS = 1_500;

/** Row D. */
export const beforeConnect: Exhibit = {
  id: 'D',
  title: 'a publish before `connect` goes to a subject that starts with “null”',
  story:
    'The client takes it, sends it where nobody listens, and reports a time-out after 30 s ' +
    `(${ACK_TIMEOUT_MS} ms here).`,

  async rawClient(stage) {
    const options = { url: stage.url, ackTimeout: ACK_TIMEOUT_MS };
    const client = connect(stage.clusterId, 'early', options);
    client.on('error', () => undefined);
    let connected = false;
    client.once('connect', () => (connected = true));
    const publish = publishRaw(client);
    stage.find('the client takes it', publish.thrown === undefined, publish.thrown ?? 'nothing thrown');
    await stage.until('the callback', () => publish.calls.length > 0);
    const error = publish.calls[0]?.error ?? 'no error';
    stage.find(
      'connected long since, it times out',
      connected && error === 'stan: publish ack timeout',
      error,
    );
    stage.find('the broker never stored it', stage.stored === 0, `${stage.stored} stored`);
    discard(client);
  },

  async provider(stage) {
    await stage.setCable('freeze');
    const provider = await stage.openProvider({ startup: 'background' });
    const outcome = await publishSafely(provider);
    stage.find('before connected it is refused at once', outcome.startsWith('refused'), outcome);
    await stage.setCable('mended');
    await stage.until('the provider to connect', () => provider.bus.ready);
    const after = await publishSafely(provider);
    stage.find('connected, it publishes', after === 'acked' && stage.stored === 1, after);
  },
};
