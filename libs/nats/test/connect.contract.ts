import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import {
  NatsConnectAbortedError,
  NatsHostNotFoundError,
  NatsNotConnectedError,
  NatsSilentPeerError,
  NatsTlsError,
  NatsUnreachableError,
} from '../src/index.js';
import { eventually } from '../testing/index.js';
import { CHANNEL, type Bench } from './bench.js';
import { freePort } from './server-process.js';

const CONNECT_TIMEOUT_MS = 300;
const ASKS_FOR_TLS = 'INFO {"proto":1,"headers":true,"max_payload":1048576,"tls_required":true}\r\n';

/** The contract of connecting and closing. */
export function connectContract(bench: () => Bench): void {
  it('is ready when it has connected, and says so in the log', async () => {
    const { connection, bus } = await bench().instance();
    expect([connection.state, bus.ready]).toEqual(['idle', false]);
    await connection.connect();
    expect([connection.state, bus.ready]).toEqual(['connected', true]);
    expect(bench().log.lines.filter((line) => line.startsWith('log Connected to NATS ('))).toHaveLength(1);
  });

  it('a second call gets the promise of the first', async () => {
    const { connection } = await bench().instance();
    const first = connection.connect();
    expect(connection.connect()).toBe(first);
    await first;
  });

  it('publishes nothing before it has connected', async () => {
    const { bus } = await bench().instance();
    await expect(bus.publish(CHANNEL, 'a')).rejects.toThrow(NatsNotConnectedError);
  });

  it('is refused where nobody listens', async () => {
    const { connection } = await bench().instance({ url: `nats://127.0.0.1:${await freePort()}` });
    await expect(connection.connect()).rejects.toThrow(NatsUnreachableError);
    expect(connection.state).toBe('idle');
  });

  it('is refused where the host has no address', async () => {
    const { connection } = await bench().instance({ url: 'nats://broker.invalid:4222' });
    await expect(connection.connect()).rejects.toThrow(NatsHostNotFoundError);
  });

  it.each<[string, (socket: Socket) => void, new (...given: never[]) => Error]>([
    ['accepts and says nothing', () => undefined, NatsSilentPeerError],
    ['asks for TLS and says no more', (socket) => socket.write(ASKS_FOR_TLS), NatsSilentPeerError],
    [
      'asks for TLS and speaks none',
      (socket) => socket.once('data', () => socket.write('nor NATS\r\n')).write(ASKS_FOR_TLS),
      NatsTlsError,
    ],
  ])('a peer that %s is given up in time', async (_case, greet, ErrorClass) => {
    const sockets: Socket[] = [];
    const peer = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      greet(socket);
    }).listen(0, '127.0.0.1');
    await once(peer, 'listening');
    try {
      const url = `nats://127.0.0.1:${(peer.address() as AddressInfo).port}`;
      const { connection } = await bench().instance({ url, connectTimeoutMs: CONNECT_TIMEOUT_MS });
      const startedAt = performance.now();
      await expect(connection.connect()).rejects.toThrow(ErrorClass);
      expect(performance.now() - startedAt).toBeLessThan(CONNECT_TIMEOUT_MS * 3);
    } finally {
      for (const socket of sockets) socket.destroy();
      peer.close();
      await once(peer, 'close');
    }
  });

  it('waits for a broker that comes later', async () => {
    await bench().stopBroker();
    const { connection } = await bench().instance();
    const connecting = connection.connectWithRetry(20_000);
    await eventually('it waits', () =>
      bench().log.lines.some((line) => line.startsWith('warn Waiting for NATS')),
    );
    await bench().startBroker();
    await connecting;
    expect(connection.state).toBe('connected');
  });

  it('closing ends the wait for a broker', async () => {
    await bench().stopBroker();
    const { connection } = await bench().instance();
    const waiting = expect(connection.connectWithRetry()).rejects.toThrow(NatsConnectAbortedError);
    await eventually('it waits', () =>
      bench().log.lines.some((line) => line.startsWith('warn Waiting for NATS')),
    );
    await connection.close();
    await waiting;
    await bench().startBroker();
  });

  it('closes once, and says so in the log', async () => {
    const { connection, bus } = await bench().connected();
    await Promise.all([connection.close(), connection.close()]);
    expect([connection.state, bus.ready]).toEqual(['closed', false]);
    expect(bench().log.lines.filter((line) => line.includes('NATS connection'))).toEqual([
      'log NATS connection closed (asked to stop)',
    ]);
    await expect(bus.publish(CHANNEL, 'a')).rejects.toThrow(NatsNotConnectedError);
  });

  it('a successor under the same client id connects at once', async () => {
    for (let restart = 0; restart < 3; restart++) {
      const { connection } = await bench().connected({ clientId: 'the-one' });
      await connection.close();
    }
    expect(bench().log.lines.filter((line) => line.startsWith('log Connected'))).toHaveLength(3);
  });
}
