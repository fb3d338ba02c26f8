import type { Exhibit } from './exhibit.js';
import { publishRaw, publishSafely } from './observe.js';

/** Row A. */
export const falseSuccess: Exhibit = {
  id: 'A',
  title: 'success is reported for a message that was never sent',
  story:
    'A publish is pending when the NATS connection closes for good (its reconnect attempts are used up): the ' +
    'callback fires without an error. A relay that trusts it settles the row, and the money is gone.',

  async rawClient(stage) {
    const client = await stage.rawClient({ maxReconnectAttempts: 2, reconnectTimeWait: 50 });
    let closed = false;
    client.once('close', () => (closed = true));
    await stage.setCable('refuse');
    stage.step('publish() while the connection is down');
    const publish = publishRaw(client);
    await stage.until('the client to give up', () => closed && publish.calls.length > 0);
    const [call] = publish.calls;
    stage.find('the callback fires without an error', call?.error === undefined, call?.error ?? 'no error');
    await stage.setCable('mended');
    stage.find('the broker never got the message', stage.stored === 0, `${stage.stored} stored`);
    const later = publishRaw(client);
    stage.find(
      'later publishes throw',
      later.thrown === 'Connection closed',
      later.thrown ?? 'nothing thrown',
    );
  },

  async provider(stage) {
    const provider = await stage.openProvider();
    await stage.setCable('freeze');
    stage.step('publish() just before the connection goes down');
    const pending = publishSafely(provider);
    await stage.setCable('refuse');
    const outcome = await pending;
    stage.find('the pending publish is unknown, never acknowledged', outcome.startsWith('unknown'), outcome);
    const down = await publishSafely(provider);
    stage.find('a publish while it is down is refused: nothing was sent', down.startsWith('refused'), down);
    stage.find('what is not stored is not acknowledged', stage.stored === 0, `${stage.stored} stored`);
    await stage.setCable('mended');
    await stage.until('the provider to connect again', () => provider.bus.ready);
    const after = await publishSafely(provider);
    stage.find('mended, it publishes again', after === 'acked' && stage.stored === 1, after);
  },
};
