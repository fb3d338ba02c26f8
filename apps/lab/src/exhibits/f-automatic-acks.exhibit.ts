import type { Exhibit } from './exhibit.js';
import { setTimeout as delay } from 'node:timers/promises';
import { listen, listenRaw, publishRaw, publishSafely } from './observe.js';
import { closeClient } from '../parts/streaming-client.js';

/** Longer than the second that the broker waits for an acknowledgement. */
const LONGER_THAN_ACK_WAIT_MS = 1_600;

/** Row F. */
export const automaticAcks: Exhibit = {
  id: 'F',
  title: 'a message whose handler failed is acknowledged',
  story:
    'manualAcks is off by default: the message is acknowledged when the listener returns, which an async handler ' +
    'does before it has done anything.',

  async rawClient(stage) {
    const client = await stage.rawClient();
    const { heard } = listenRaw(client, { manualAcks: false }, async () => {
      await Promise.reject(new Error('the handler fails')).catch(() => undefined);
    });
    publishRaw(client);
    await stage.until('the message', () => heard.length === 1);
    stage.step('the handler fails; the broker would deliver again after 1 s');
    await delay(LONGER_THAN_ACK_WAIT_MS);
    stage.find('it does not come again', heard.length === 1, `heard ${heard.length} times`);
    await closeClient(client);
    const successor = await stage.rawClient({}, 'successor');
    const later = listenRaw(successor, { manualAcks: true });
    publishRaw(successor, 'next');
    await stage.until('the next message', () => later.heard.length > 0);
    stage.find('nor to a successor: it is lost', later.heard.join() === 'next', later.heard.join());
  },

  async provider(stage) {
    const provider = await stage.openProvider();
    let failures = 0;
    const { heard } = listen(provider, async () => {
      if (failures++ === 0) await Promise.reject(new Error('the handler fails'));
    });
    await publishSafely(provider);
    await stage.until('the message to come again', () => heard.length === 2);
    stage.find(
      'it comes again until its handler resolves',
      heard.length === 2,
      `heard ${heard.length} times`,
    );
  },
};
