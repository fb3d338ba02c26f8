import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  MemoryStore,
  StreamingServer,
  type StoreLimits,
  type StreamingServerOptions,
} from '@app/streaming-server';
import { close, connect, publish, subscribe, unique, type Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';

describe('limits of the server', () => {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function start(
    limits: Partial<StoreLimits>,
    options: StreamingServerOptions = {},
  ): Promise<StreamingServer> {
    const server = await StreamingServer.start({ store: new MemoryStore(limits), ...options });
    cleanups.push(() => server.stop());
    return server;
  }

  async function client(server: StreamingServer, options = {}): Promise<Client> {
    const connected = await connect(server, unique('client'), options);
    let open = true;
    connected.once('close', () => (open = false));
    cleanups.push(async () => (open ? close(connected) : undefined));
    return connected;
  }

  it('refuses a message and a subscription that need one channel too many', async () => {
    const connected = await client(await start({ channelsMax: 1 }));
    await publish(connected, 'one', 'x');
    await expect(publish(connected, 'two', 'x')).rejects.toThrow('too many channels');
    await expect(subscribe(connected, 'two')).rejects.toThrow('too many channels');
    await publish(connected, 'one', 'x');
  });

  it('refuses one subscription too many; an offline durable counts, and its return does not', async () => {
    const connected = await client(await start({ subscriptionsMax: 2 }));
    const options = { options: (o: ReturnType<Client['subscriptionOptions']>) => o.setDurableName('d') };
    await (await subscribe(connected, 'c', options)).close();
    await subscribe(connected, 'c');
    await expect(subscribe(connected, 'c')).rejects.toThrow('too many subscriptions per channel');
    await subscribe(connected, 'c', options);
  });

  it('drops the oldest messages over the limit; a slow subscriber goes on with the first that is left', async () => {
    const connected = await client(await start({ messagesMax: 3 }));
    const collector = await subscribe(connected, 'c', {
      options: (o) => o.setManualAckMode(true).setMaxInFlight(1),
    });
    for (let index = 1; index <= 6; index++) await publish(connected, 'c', String(index));
    await collector.count(1);
    collector.ackAll();
    await collector.count(2);
    expect(collector.sequences).toEqual([1, 4]);
  });

  it('drops messages over the age limit by itself', async () => {
    const server = await start({ ageMaxMs: 100 });
    const connected = await client(server);
    await publish(connected, 'c', 'old');
    await eventually(() => server.streaming.channels.byName.get('c')?.log.messageCount === 0, 'it is gone');
    const collector = await subscribe(connected, 'c', { options: (o) => o.setDeliverAllAvailable() });
    await publish(connected, 'c', 'new');
    await collector.count(1);
    expect(collector.sequences).toEqual([2]);
  });

  it('forgets a client that vanished after its heartbeats failed, and keeps one that answers', async () => {
    const heartbeat = { intervalMs: 50, timeoutMs: 50, failuresMax: 2 };
    const server = await start({}, { heartbeat });
    const [vanishing, staying] = [await client(server, { reconnect: false }), await client(server)];
    await subscribe(vanishing, 'c');
    vanishing.nc.stream.destroy();
    const { byId } = server.streaming.clients;
    await eventually(() => !byId.has(vanishing.clientID), 'the vanished client is forgotten');
    expect(server.streaming.channels.byName.get('c')?.subscriptionCount).toBe(0);
    expect(byId.has(staying.clientID)).toBe(true);
  });

  it('sends nothing again to a client that misses heartbeats, until it answers', async () => {
    const server = await start({}, { heartbeat: { intervalMs: 50, timeoutMs: 50, failuresMax: 1_000 } });
    const connected = await client(server);
    const collector = await subscribe(connected, 'c', {
      options: (o) => o.setManualAckMode(true).setAckWait(1000),
    });
    await publish(connected, 'c', 'x');
    await collector.count(1);
    const sentBefore = server.streaming.messagesOut;
    connected.nc.stream.pause();
    await sleep(1_300);
    expect(server.streaming.messagesOut).toBe(sentBefore);
    connected.nc.stream.resume();
    await collector.count(2);
    expect(collector.received[1]?.redelivered).toBe(true);
  });

  it('stays small under a subscriber that never acknowledges: no more is in flight than it asked for', async () => {
    const server = await start({ messagesMax: 100 });
    const connected = await client(server);
    const collector = await subscribe(connected, 'c', {
      options: (o) => o.setManualAckMode(true).setMaxInFlight(10),
    });
    await Promise.all(Array.from({ length: 2_000 }, () => publish(connected, 'c', 'x')));
    const channel = server.streaming.channels.byName.get('c');
    const [cursor] = channel?.cursors ?? [];
    expect(collector.received).toHaveLength(10);
    expect(cursor?.pending).toHaveLength(10);
    expect(channel?.log.messageCount).toBe(100);
  });
});
