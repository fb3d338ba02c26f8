import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { CableEnds, type End } from '../../testing/cable-ends.fixture.js';
import { until } from '../parts/deadline.js';
import type { CableOptions } from './cable.js';
import { publishOf } from './patterns.js';

const WITHIN_MS = 5_000;

describe('a cable', () => {
  let ends: CableEnds;

  afterEach(() => ends.close());

  const open = async (options?: CableOptions) => {
    ends = await CableEnds.open(options);
    return { cable: ends.cable, ...(await ends.connectedPair()) };
  };
  const isConnected = async (end: End) => {
    await once(end.socket, 'connect');
    return end;
  };

  it('that loses requests passes answers; who lost something is reset at the mend, who lost nothing goes on', async () => {
    const { cable, client, server } = await open();
    const silent = await ends.connectedPair();
    await cable.set('lose-requests');
    expect(cable.hasLost).toBe(false);
    client.socket.write('lost');
    server.socket.write('an answer to nothing');
    await client.gets('an answer to nothing');
    expect(cable.hasLost).toBe(true);
    const late = await ends.connectedPair();
    late.client.socket.write('lost too');
    late.server.socket.write('hello');
    await late.client.gets('hello');
    expect([server.received, late.server.received, client.closed]).toEqual(['', '', false]);
    await cable.set('mended');
    await Promise.all([client.closes(), server.closes(), late.client.closes()]);
    expect([client.failed, server.failed, cable.hasLost]).toEqual([true, true, false]);
    silent.client.socket.write('goes on');
    await silent.server.gets('goes on');
  });

  it('that loses answers passes requests', async () => {
    const { cable, client, server } = await open();
    await cable.set('lose-answers');
    client.socket.write('a request');
    await server.gets('a request');
    server.socket.write('lost');
    client.socket.write(', another');
    await server.gets('a request, another');
    expect(client.received).toBe('');
    await cable.set('mended');
    await client.closes();
  });

  it('that lost something says so although who lost it has gone', async () => {
    const { cable, client, server } = await open();
    await cable.set('lose-answers');
    server.socket.write('lost');
    await until('the loss', WITHIN_MS, () => (cable.hasLost ? true : undefined));
    client.socket.resetAndDestroy();
    await server.closes();
    expect([cable.connections, cable.hasLost]).toEqual([0, true]);
  });

  it('that loses requests loses the goodbye of who made them', async () => {
    const { cable, client, server } = await open();
    await cable.set('lose-requests');
    client.socket.destroy();
    await client.closes();
    await until('the cable to see it', WITHIN_MS, () => (cable.connections === 0 ? true : undefined));
    expect(server.closed).toBe(false);
    await cable.set('mended');
    await server.closes();
  });

  it('that is half open has closed the far end; the near one learns it at the mend, and new ones pass', async () => {
    const { cable, client, server } = await open();
    await cable.set('half-open');
    await server.closes();
    client.socket.write('into nothing');
    const late = await ends.connectedPair();
    late.client.socket.write('passes');
    await late.server.gets('passes');
    expect([client.closed, server.received]).toEqual([false, '']);
    await cable.set('mended');
    await client.closes();
    expect(late.client.closed).toBe(false);
  });

  it('that is slow keeps each byte as long as it is told, and no longer when it is mended', async () => {
    const { cable, client, server } = await open();
    await cable.set('slow', { delayMs: 200 });
    const sentAt = performance.now();
    client.socket.write('one');
    await until('half of the time', WITHIN_MS, () => (performance.now() - sentAt > 100 ? true : undefined));
    client.socket.write('two');
    const secondAt = performance.now();
    await server.gets('one');
    expect(performance.now() - sentAt).toBeGreaterThan(195);
    await server.gets('onetwo');
    expect(performance.now() - secondAt).toBeGreaterThan(195);
    await cable.set('slow', { delayMs: 60_000 });
    client.socket.write('three');
    await until('the cable to have it', WITHIN_MS, () =>
      client.socket.writableLength === 0 ? true : undefined,
    );
    await cable.set('mended');
    await server.gets('onetwothree');
  });

  it('that is slow delivers what an end sent that broke meanwhile', async () => {
    const { cable, client, server } = await open();
    await cable.set('slow', { delayMs: 400 });
    client.socket.write('the last words');
    // The cable has read them long before: with bytes that are not read yet a reset is heard as a goodbye.
    const sentAt = performance.now();
    await until('half of the time', WITHIN_MS, () => (performance.now() - sentAt > 200 ? true : undefined));
    client.socket.resetAndDestroy();
    await server.gets('the last words');
    await server.closes();
  });

  it('that flaps refuses and takes in turns, each as long as it is told, until another mode is set', async () => {
    const { cable, client } = await open();
    const turns: ['refused' | 'taken', number][] = [];
    const startedAt = performance.now();
    await cable.set('flapping', { refusedMs: 150, mendedMs: 250 });
    await client.closes();
    await until('four turns', WITHIN_MS, async () => {
      const turn = await isConnected(ends.dial()).then(
        () => 'taken' as const,
        () => 'refused' as const,
      );
      if (turns.at(-1)?.[0] !== turn) turns.push([turn, performance.now() - startedAt]);
      return turns.length === 5 ? true : undefined;
    });
    expect(turns.map(([turn]) => turn)).toEqual(['refused', 'taken', 'refused', 'taken', 'refused']);
    const at = turns.map(([, ms]) => ms) as [number, number, number, number, number];
    expect([at[1] >= 145, at[2] >= 395, at[3] >= 545, at[4] >= 795]).toEqual([true, true, true, true]);
    await cable.set('mended');
    await cable.set('flapping', { refusedMs: 20, mendedMs: 20 });
    await cable.set('mended');
    const steady = await ends.connectedPair();
    const mendedAt = performance.now();
    await until('ten more turns', WITHIN_MS, () => (performance.now() - mendedAt > 200 ? true : undefined));
    expect(steady.client.closed).toBe(false);
  });

  it.each([
    ['cut-before', { client: true, server: true, received: '' }],
    ['cut-after', { client: true, server: false, received: 'PUB coin _R 5\r\nheads\r\n' }],
  ] as const)('that is %s a message resets the ends, but not one that got it', async (action, expected) => {
    const { cable, client, server } = await open({ protocol: 'nats' });
    const strike = cable.strike({ at: publishOf('coin'), action });
    client.socket.write('PING\r\n');
    await server.gets('PING\r\n'); // with bytes that are not read yet a reset is heard as a goodbye
    client.socket.write('PUB coin _R 5\r\nheads\r\nPUB coin _R 1\r\nx\r\n');
    await Promise.all([client.closes(), server.closes(), strike.fired]);
    const received = `PING\r\n${expected.received}`;
    expect([client.failed, server.failed, server.received]).toEqual([
      expected.client,
      expected.server,
      received,
    ]);
  });

  it.each(['nats', 'postgres'] as const)(
    'that knows %s passes bytes of anything else untouched, in order and at once',
    async (protocol) => {
      const { client, server } = await open({ protocol });
      const [there, back] = [randomBytes(500_000), randomBytes(500_000)];
      client.socket.write(there);
      server.socket.write(back);
      await server.gets(there.toString('latin1'));
      await client.gets(back.toString('latin1'));
      client.socket.write('\x16\x03\x01');
      await server.gets(`${there.toString('latin1')}\x16\x03\x01`);
    },
  );

  it.each([
    ['nats', 'INFO {}\r\nPUB coin 10\r\nhalf'],
    ['postgres', '\0\0\0\x08\x00\x03\x00\x00P\0\0\0\x0ahal'],
  ] as const)(
    'that knows %s passes a message whose end never comes, with its goodbye',
    async (protocol, text) => {
      const { client, server } = await open({ protocol });
      client.socket.end(Buffer.from(text, 'latin1'));
      await server.gets(text);
      await server.closes();
    },
  );
});
