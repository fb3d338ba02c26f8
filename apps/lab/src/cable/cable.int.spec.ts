import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { until } from '../parts/deadline.js';
import { CableEnds } from '../../testing/cable-ends.fixture.js';
import type { Cable } from './cable.js';
import { SLOW_MS } from './modes.js';

const WITHIN_MS = 5_000;

describe('Cable', () => {
  let ends: CableEnds;
  let cable: Cable;

  beforeEach(async () => {
    ends = await CableEnds.open();
    cable = ends.cable;
  });

  afterEach(() => ends.close());

  it('passes bytes both ways and counts the connections', async () => {
    const { client, server } = await ends.connectedPair();
    client.socket.write('ping');
    await server.gets('ping');
    server.socket.write('pong');
    await client.gets('pong');
    expect([cable.connections, cable.carried]).toEqual([1, 1]);
  });

  it('delivers the last bytes of an end that closes', async () => {
    const { client, server } = await ends.connectedPair();
    const much = 'x'.repeat(3_000_000);
    client.socket.end(much);
    await server.gets(much);
    await server.closes();
    await client.closes();
    await until('no strand left', WITHIN_MS, () => (cable.connections === 0 ? true : undefined));
  });

  it('closes the other end when one is reset', async () => {
    const { client, server } = await ends.connectedPair();
    client.socket.resetAndDestroy();
    await server.closes();
    expect(cable.connections).toBe(0);
  });

  it('refuse cuts what is connected and closes the port, and mending opens the same port', async () => {
    const { client, server } = await ends.connectedPair();
    await cable.set('refuse');
    await client.closes();
    await server.closes();
    await expect(once(ends.dial().socket, 'connect')).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    const { port } = cable;
    await cable.set('mended');
    expect(cable.port).toBe(port);
    const again = await ends.connectedPair();
    again.client.socket.write('hello');
    await again.server.gets('hello');
  });

  it('accept-and-close accepts a connection, closes it, and passes nothing of it', async () => {
    const { client } = await ends.connectedPair();
    await cable.set('accept-and-close');
    await client.closes();
    const late = ends.dial();
    late.socket.write('lost');
    await late.closes();
    expect([late.received, ends.arrived.length]).toEqual(['', 1]);
  });

  it('freeze passes nothing, cuts nothing, and goes on at the mend', async () => {
    const frozen = await ends.connectedPair();
    await cable.set('freeze');
    frozen.client.socket.write('there');
    frozen.server.socket.write('back');
    const late = ends.dial();
    await once(late.socket, 'connect');
    late.socket.write('late');
    await until('the bytes to reach the cable', WITHIN_MS, () =>
      late.socket.bytesWritten === 4 ? true : undefined,
    );
    expect([frozen.server.received, frozen.client.received, ends.arrived.length]).toEqual(['', '', 1]);
    expect([frozen.client.closed, frozen.server.closed, late.closed]).toEqual([false, false, false]);
    await cable.set('mended');
    await frozen.server.gets('there');
    await frozen.client.gets('back');
    await (await ends.arrival(2)).gets('late');
  });

  it('drops at the mend what an end had sent that went while the cable was frozen', async () => {
    const established = await ends.connectedPair();
    await cable.set('freeze');
    established.client.socket.end('never arrives');
    const late = ends.dial();
    await once(late.socket, 'connect');
    late.socket.end('nor does this');
    await once(late.socket, 'finish');
    await until('both ends to be seen going', WITHIN_MS, () => (cable.connections === 0 ? true : undefined));
    await cable.set('mended');
    const witness = ends.dial();
    await established.server.closes();
    witness.socket.write('passes');
    await (await ends.arrival(2)).gets('passes');
    expect([established.server.received, ends.arrived.length]).toEqual(['', 2]);
  });

  it('a frozen cable that is then cut cuts what it held', async () => {
    const { client, server } = await ends.connectedPair();
    await cable.set('freeze');
    client.socket.write('held');
    await cable.set('refuse');
    await client.closes();
    await server.closes();
    expect(server.received).toBe('');
  });

  it('stall holds everything, and passes at the mend also what an end had sent that went', async () => {
    const established = await ends.connectedPair();
    await cable.set('stall');
    established.client.socket.end('arrives late');
    await once(established.client.socket, 'finish');
    expect(established.server.received).toBe('');
    await cable.set('mended');
    await established.server.gets('arrives late');
    await established.server.closes();
  });

  it('slow passes everything in order, later', async () => {
    const { client, server } = await ends.connectedPair();
    await cable.set('slow');
    const startedAt = performance.now();
    for (const text of ['one ', 'two ', 'three']) client.socket.write(text);
    await server.gets('one two three');
    expect(performance.now() - startedAt).toBeGreaterThan(SLOW_MS / 2);
    await cable.set('mended');
    server.socket.end('bye');
    await client.gets('bye');
    await client.closes();
  });

  it('reset cuts what is connected with an error at both ends, and lets new connections pass', async () => {
    const { client, server } = await ends.connectedPair();
    const errors = Promise.all(
      [client, server].map(({ socket }) => new Promise((resolve) => socket.once('close', resolve))),
    );
    await cable.set('reset');
    expect(await errors).toEqual([true, true]);
    const again = await ends.connectedPair();
    again.client.socket.write('hello');
    await again.server.gets('hello');
  });
});
