import type { Exhibit } from './exhibit.js';
import type { Message } from 'node-nats-streaming';
import { closeClient } from '../parts/streaming-client.js';
import { listen, listenRaw, publishRaw, publishSafely } from './observe.js';

/** Row I. */
export const closedFirst: Exhibit = {
  id: 'I',
  title: 'the subscription is closed before its handlers acknowledge',
  story: 'The acknowledgements are ignored, and the messages come again: acknowledge, flush, then close.',

  async rawClient(stage) {
    const client = await stage.rawClient();
    let running: Message | undefined;
    const { subscription } = listenRaw(client, { manualAcks: true }, (message) => {
      running = message;
    });
    publishRaw(client);
    await stage.until('the message', () => running !== undefined);
    stage.step('the subscription is closed; then the handler acknowledges');
    let closed = false;
    subscription.once('closed', () => (closed = true));
    subscription.close();
    running?.ack();
    await stage.until('the subscription to be closed', () => closed);
    await closeClient(client);
    const successor = listenRaw(await stage.rawClient({}, 'successor'), { manualAcks: true });
    await stage.until('the message to come again', () => successor.heard.length > 0);
    stage.find('the handled message comes again', successor.heard.join() === 'heads', successor.heard.join());
  },

  async provider(stage) {
    const provider = await stage.openProvider();
    let end = () => {};
    const subscription = listen(provider, () => new Promise((resolve) => (end = resolve)));
    await publishSafely(provider);
    await stage.until('the message', () => subscription.heard.length === 1);
    stage.step('drained with a handler running, then closed');
    const drained = subscription.drain();
    end();
    await drained;
    await provider.close();
    const successor = await stage.openProvider({ clientId: 'successor' });
    const { heard } = listen(successor);
    await publishSafely(successor, 'next');
    await stage.until('the next message', () => heard.length > 0);
    stage.find(
      'what was handled was acknowledged: only the next message comes',
      heard.join() === 'next',
      heard.join(),
    );
  },
};
