import type { Exhibit } from './exhibit.js';
import type { Stan } from 'node-nats-streaming';
import { publishRaw, publishSafely } from './observe.js';

const ACK_TIMEOUT_MS = 1_500;

/** Row A′. */
export const innerClose: Exhibit = {
  id: 'A2',
  title: 'closing the inner connection leaves publishes hanging (A′)',
  story:
    'client.nc.close() is called with a publish pending: its callback waits for the ack timer, 30 s by default ' +
    `(${ACK_TIMEOUT_MS} ms here). The streaming client must be closed first.`,

  async rawClient(stage) {
    const client = await stage.rawClient({ ackTimeout: ACK_TIMEOUT_MS });
    await stage.setCable('freeze');
    const publish = publishRaw(client);
    stage.step('client.nc.close()');
    (client as Stan & { nc: { close(): void } }).nc.close();
    await stage.until('the callback', () => publish.calls.length > 0);
    const [call] = publish.calls;
    const late = (call?.afterMs ?? 0) >= ACK_TIMEOUT_MS - 50;
    stage.find(
      'the callback comes only with the ack timer',
      late,
      `after ${call?.afterMs} ms: ${call?.error}`,
    );
  },

  async provider(stage) {
    const provider = await stage.openProvider({ ackTimeoutMs: 30_000, connectTimeoutMs: 300 });
    await stage.setCable('freeze');
    const startedAt = performance.now();
    const pending = publishSafely(provider);
    stage.step('the connection is given up with the publish pending');
    provider.connection.declareLost('the exhibit says so');
    const outcome = await pending;
    const afterMs = Math.round(performance.now() - startedAt);
    const atOnce = outcome.startsWith('unknown') && afterMs < 1_000;
    stage.find(
      'a discarded client answers its publishes at once: unknown',
      atOnce,
      `after ${afterMs} ms: ${outcome}`,
    );
  },
};
