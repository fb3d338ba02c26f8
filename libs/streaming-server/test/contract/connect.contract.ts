import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { close, connect, publish, unique } from '../support/client.js';
import type { Bench } from './bench.js';

export function connectContract({ server, client, channel }: Bench): void {
  it('refuses a client id in use, as long as its owner lives', async () => {
    const owner = await client();
    const again = connect(server(), owner.clientID);
    await expect(again).rejects.toBe('stan: clientID already registered');
    await publish(owner, channel(), 'the owner goes on');
  });

  it('gives the id of a client that vanished to the next one that asks, at once', async () => {
    const vanished = await client(unique('vanished'), { reconnect: false });
    const gone = once(vanished, 'close');
    vanished.nc.stream.destroy();
    await gone;
    const startedMs = performance.now();
    await client(vanished.clientID);
    expect(performance.now() - startedMs).toBeLessThan(400);
  });

  it('gives the id of a closed client to the next one', async () => {
    const first = await client();
    await close(first);
    await client(first.clientID);
  });

  it('refuses a client id with other characters than letters, digits, - and _', async () => {
    await expect(connect(server(), 'not.allowed')).rejects.toBe(
      'stan: invalid clientID: only alphanumeric and `-` or `_` characters allowed',
    );
  });

  it('does not answer for another cluster', async () => {
    const elsewhere = { url: server().url, clusterId: unique('cluster') };
    const refused = connect(elsewhere, unique('client'), { connectTimeout: 200 });
    await expect(refused).rejects.toMatchObject({ message: 'stan: connect request timeout' });
  });

  it('answers pings, so that a quiet client stays connected', async () => {
    const quiet = await client(unique('quiet'), { stanPingInterval: 1000, stanMaxPingOut: 1 });
    const lost = once(quiet, 'connection_lost').then(() => 'lost');
    const silence = new Promise((resolve) => setTimeout(resolve, 2500, 'connected'));
    await expect(Promise.race([lost, silence])).resolves.toBe('connected');
  });

  it('tells a replaced client so, at its next ping', async () => {
    const replaced = await client(unique('replaced'), { stanPingInterval: 1000 });
    const lost = once(replaced, 'connection_lost');
    // It hangs for longer than the server waits for its sign of life, and wakes up again.
    replaced.nc.stream.pause();
    await client(replaced.clientID);
    replaced.nc.stream.resume();
    const [reason] = (await lost) as [string];
    expect(String(reason)).toContain('client has been replaced or is no longer registered');
  });

  it('numbers the messages of a channel from 1 and names each by the guid it was published with', async () => {
    const publisher = await client();
    const name = channel();
    const guids = [await publish(publisher, name, 'a'), await publish(publisher, name, 'a')];
    expect(new Set(guids).size).toBe(2);
  });

  it('refuses a publish to a channel name with a slash', async () => {
    const publisher = await client();
    await expect(publish(publisher, 'a/b', 'x')).rejects.toThrow('stan: invalid publish request');
  });
}
