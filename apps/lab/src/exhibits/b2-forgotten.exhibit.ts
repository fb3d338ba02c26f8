import type { Exhibit } from './exhibit.js';
import { eventsOf, listen, listenRaw, publishRaw, publishSafely } from './observe.js';

/** Row B2. */
export const forgotten: Exhibit = {
  id: 'B2',
  title: 'the broker restarted and forgot the client',
  story:
    'The client reconnects and believes that all is well; at its next ping it is dead: publishes throw from then ' +
    'on, subscriptions are silent. It must be rebuilt and subscribed again.',

  async rawClient(stage) {
    const client = await stage.rawClient({ stanPingInterval: 1_000, reconnectTimeWait: 50 });
    const events = eventsOf(client);
    const { heard } = listenRaw(client, { manualAcks: true });
    await stage.replaceBroker();
    await stage.until('the client to die', () => events.includes('close'));
    const order = events.join(', ');
    stage.find(
      'reconnect, then connection_lost and close',
      /reconnect, .*connection_lost.*, close/.test(order),
      order,
    );
    const { thrown } = publishRaw(client);
    stage.find('publishes throw', thrown === 'Connection closed', thrown ?? 'nothing thrown');
    const other = await stage.rawClient({}, 'another');
    const publish = publishRaw(other);
    await stage.until('another client’s publish', () => publish.calls.length > 0);
    stage.find('its subscription is silent', heard.length === 0, `${heard.length} heard`);
  },

  async provider(stage) {
    const provider = await stage.openProvider({ resumeTimeoutMs: 3_000 });
    const { heard } = listen(provider);
    const dead = provider.connection.client;
    await stage.replaceBroker();
    await stage.until('a new client', () => provider.bus.ready && provider.connection.client !== dead);
    stage.find('a new client takes its place', true, provider.connection.state);
    const outcome = await publishSafely(provider);
    stage.find('it publishes', outcome === 'acked', outcome);
    await stage.until('the message', () => heard.length === 1);
    stage.find('its subscription was made again', heard.length === 1, heard.join());
  },
};
