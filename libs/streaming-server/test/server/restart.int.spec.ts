import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { FileStore, ListenError, MemoryStore, StreamingServer, type Store } from '@app/streaming-server';
import { close, connect, publish, subscribe, type Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';

describe('a restart of the server', () => {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function start(store: Store, port = 0): Promise<StreamingServer> {
    const server = await StreamingServer.start({ store, port });
    cleanups.push(() => server.stop());
    return server;
  }

  async function client(server: StreamingServer, id: string): Promise<Client> {
    const connected = await connect(server, id, { stanPingInterval: 1000 });
    let open = true;
    connected.once('close', () => (open = false));
    cleanups.push(async () => (open ? close(connected) : undefined));
    return connected;
  }

  it('with a memory store makes publishes fail at once, and the next ping says that the connection is lost', async () => {
    const first = await start(new MemoryStore());
    const survivor = await client(first, 'survivor');
    const lost = once(survivor, 'connection_lost');
    const reconnected = once(survivor, 'reconnect');
    await first.stop();
    await start(new MemoryStore(), first.port);
    await reconnected;
    await expect(publish(survivor, 'c', 'x')).rejects.toThrow('stan: invalid publish request');
    expect(String((await lost)[0])).toContain('client has been replaced or is no longer registered');
  });

  it('with a file store goes unnoticed: the same client and the same subscription go on', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'streaming-restart-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    const first = await start(new FileStore({ directory }));
    const survivor = await client(first, 'survivor');
    const collector = await subscribe(survivor, 'c', {
      options: (o) => o.setManualAckMode(true).setDeliverAllAvailable().setAckWait(1000),
    });
    for (const data of ['1', '2', '3']) await publish(survivor, 'c', data);
    await collector.count(3);
    collector.messages[0]?.ack();
    const reconnected = once(survivor, 'reconnect');
    // What was sent before this answer has arrived.
    await publish(survivor, 'other', 'x');
    await first.stop();
    await start(new FileStore({ directory }), first.port);
    await reconnected;
    await publish(survivor, 'c', '4');
    await eventually(() => collector.sequences.includes(4), 'the new message');
    await eventually(() => collector.received.length >= 6, 'what was not acknowledged');
    const again = collector.received.filter((message) => message.redelivered && message.sequence < 4);
    expect(again.map((message) => message.sequence).slice(0, 2)).toEqual([2, 3]);
  });

  it('frees its port on stop, refuses a taken one, and is stopped by `await using`', async () => {
    let port: number;
    {
      await using server = await StreamingServer.start();
      port = server.port;
      await expect(StreamingServer.start({ port })).rejects.toBeInstanceOf(ListenError);
    }
    const again = await start(new MemoryStore(), port);
    await Promise.all([again.stop(), again.stop()]);
  });
});
