import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { StreamingServer } from '@app/streaming-server';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, RecordedLog, testNatsOptions } from '../testing/index.js';
import { Authority } from '../test/certificates.js';
import { TcpPath } from '../testing/tcp-path.js';
import type { StreamingOptions } from './driver.options.js';
import { NatsConnection } from './nats-connection.js';
import {
  NatsClientIdTakenError,
  NatsClusterNotFoundError,
  NatsConnectRefusedError,
  NatsHostNotFoundError,
  NatsSilentPeerError,
  NatsTlsError,
  NatsUnreachableError,
} from './nats.errors.js';
import type { NatsOptions } from './nats.options.js';
import { Secret } from './secret.js';

const CONNECT_TIMEOUT_MS = 1_000;

let server: StreamingServer;
let url: string;
let log: RecordedLog;
let open: { close(): Promise<void> }[];

beforeEach(async () => {
  server = await StreamingServer.start({ clusterId: 'bank' });
  url = server.url;
  log = RecordedLog.start();
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((connection) => connection.close()));
  await server.stop();
});

function connectionWith(options: Partial<NatsOptions<StreamingOptions>> = {}): NatsConnection {
  const connection = new NatsConnection({
    ...testNatsOptions({ url, connectTimeoutMs: CONNECT_TIMEOUT_MS, resumeTimeoutMs: 5_000 }),
    ...options,
  });
  open.push(connection);
  return connection;
}

async function connected(options: Partial<NatsOptions<StreamingOptions>> = {}): Promise<NatsConnection> {
  const connection = connectionWith(options);
  await connection.connect();
  return connection;
}

/** A peer that takes connections and does with them what the spec says. */
async function peer(greet: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const listener: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    greet(socket);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  open.push({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  });
  return `nats://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

describe('connecting to a real server', () => {
  it('makes one TCP connection and says so', async () => {
    const connection = await connected();
    expect(connection.state).toBe('connected');
    expect(server.core.connectionsTotal).toBe(1);
    expect(log.lines).toEqual([expect.stringContaining(`log Connected to NATS (url=${url} cluster=bank`)]);
  });

  it('rejects when nobody listens', async () => {
    await server.stop();
    await expect(connectionWith().connect()).rejects.toThrow(NatsUnreachableError);
  });

  it('rejects when the cluster has another name', async () => {
    const connecting = connectionWith({ driver: { name: 'streaming', clusterId: 'another' } }).connect();
    await expect(connecting).rejects.toThrow(NatsClusterNotFoundError);
  });

  it('rejects when the host does not exist', async () => {
    // RFC 6761: a name under `invalid` never has an address.
    const connection = connectionWith({ url: 'nats://broker.invalid:4222', connectTimeoutMs: 5_000 });
    await expect(connection.connect()).rejects.toThrow(NatsHostNotFoundError);
  });

  it('rejects when another living client has the client id, and leaves that one alone', async () => {
    const first = await connected();
    await expect(connectionWith().connect()).rejects.toThrow(NatsClientIdTakenError);
    expect(first.state).toBe('connected');
    await eventually('only the first is connected', () => server.core.connections.size === 1);
  });

  it('rejects when the credentials are wrong, without naming them', async () => {
    await using guarded = await StreamingServer.start({
      clusterId: 'bank',
      authentication: { users: [{ user: 'bank', pass: 'right' }] },
    });
    const withSecret = guarded.url.replace('//', '//bank:wr@ng@');
    const error = await connectionWith({ url: withSecret })
      .connect()
      .catch((reason: unknown) => reason as Error);
    expect(error).toBeInstanceOf(NatsConnectRefusedError);
    expect(String((error as Error).message)).not.toMatch(/wr|ng@/);
  });

  it.each([
    ['says nothing', () => undefined],
    ['talks of something else', (socket: Socket) => void socket.write('SSH-2.0-OpenSSH_9.6\r\n')],
  ])('rejects in time when the peer %s', async (_case, greet) => {
    const silent = await peer(greet);
    const startedAt = performance.now();
    await expect(connectionWith({ url: silent, connectTimeoutMs: 200 }).connect()).rejects.toThrow(
      NatsSilentPeerError,
    );
    expect(performance.now() - startedAt).toBeGreaterThan(190);
  });

  it('rejects at once when the peer accepts and hangs up', async () => {
    let calls = 0;
    const rude = await peer((socket) => {
      calls++;
      socket.destroy();
    });
    const connecting = connectionWith({ url: rude, connectTimeoutMs: 60_000 }).connect();
    await expect(connecting).rejects.toThrow(NatsUnreachableError);
    expect(calls).toBeLessThan(5);
  });

  it('rejects when the server wants a certificate that there is none of, and lets it alone then', async () => {
    let calls = 0;
    const strict = await peer((socket) => {
      calls++;
      socket.write('INFO {"tls_required":true,"tls_verify":true}\r\n');
    });
    await expect(connectionWith({ url: strict }).connect()).rejects.toThrow(NatsTlsError);
    // The raw client would have come again at once, and a thousand times a second from then on.
    await expect(connectionWith({ url: strict }).connect()).rejects.toThrow(/requires a client certificate/);
    expect(calls).toBeLessThan(5);
  });

  it('rejects at once when the peer hangs up after the handshake of TLS', async () => {
    const authority = await Authority.create('own');
    const certificate = await authority.issue('server', ['127.0.0.1']);
    let calls = 0;
    const rude = await peer((socket) => {
      calls++;
      socket.write('INFO {"tls_required":true}\r\n', () => {
        const secured = new TLSSocket(socket, { isServer: true, ...certificate });
        secured.on('error', () => undefined).once('data', () => secured.end());
      });
    });
    const tls = { ca: authority.cert };
    const connecting = connectionWith({ url: rude, connectTimeoutMs: 60_000, tls }).connect();
    await expect(connecting).rejects.toThrow(/hung up; with TLS it may also want another certificate/);
    expect(calls).toBeLessThan(5);
  });

  it('takes http:// for what it is, an address', async () => {
    const connection = await connected({ url: url.replace('nats://', 'http://') });
    expect(connection.state).toBe('connected');
  });

  it('gives user and password, or a token, and shows them to nobody', async () => {
    const secret = 'hunter2';
    await using guarded = await StreamingServer.start({
      clusterId: 'bank',
      authentication: { users: [{ user: 'bank', pass: secret }] },
    });
    const credentials = { user: 'bank', password: new Secret(secret) };
    const connection = await connected({ url: guarded.url, credentials });
    const wrong = connectionWith({ url: guarded.url, credentials: { token: new Secret(`${secret}!`) } });
    const error = await wrong.connect().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NatsConnectRefusedError);
    const shown = [
      log.lines,
      String(connection),
      JSON.stringify(connection),
      inspect(connection, { depth: 9 }),
      inspect(connection.options),
      JSON.stringify(connection.options),
      inspect(error, { depth: 9 }),
      String(error),
    ];
    expect(shown.join()).not.toContain(secret);
    await connection.close();
  });

  it('tells the time of a round trip, and none when no answer comes', async () => {
    await using path = await TcpPath.to(server.port);
    const connection = await connected({ url: path.url, connectTimeoutMs: 300 });
    expect(await connection.roundTripMs(1_000)).toBeGreaterThan(0);
    path.freeze();
    expect(await connection.roundTripMs(20)).toBeUndefined();
    await connection.close();
  });

  it('waits for a server that comes later', async () => {
    const { port } = server;
    await server.stop();
    const connection = connectionWith();
    const connecting = connection.connectWithRetry(10_000);
    await eventually('it waits', () => log.lines.some((line) => line.startsWith('warn Waiting for NATS')));
    server = await StreamingServer.start({ clusterId: 'bank', port });
    await connecting;
    expect(connection.state).toBe('connected');
  });
});

describe('closing', () => {
  it('makes the server forget the client: the same id connects at once', async () => {
    for (let restart = 0; restart < 3; restart++) {
      const connection = await connected();
      await connection.close();
    }
    expect(log.lines.filter((line) => line.startsWith('log Connected'))).toHaveLength(3);
    await eventually('nobody is connected', () => server.core.connections.size === 0);
  });

  it('while the server is frozen ends in time', async () => {
    await using path = await TcpPath.to(server.port);
    const connection = await connected({ url: path.url, connectTimeoutMs: 300 });
    path.freeze();
    await connection.close();
    expect(connection.state).toBe('closed');
  });
});

describe('a connection that breaks', () => {
  it('resumes with the same client when TCP comes back in time', async () => {
    await using path = await TcpPath.to(server.port);
    const connection = await connected({ url: path.url });
    const { client } = connection;
    const resumed = once(connection, 'resumed');
    path.drop();
    await resumed;
    expect(connection.client).toBe(client);
    expect(log.lines.slice(1)).toEqual([
      'warn NATS connection interrupted; it may resume within 5000 ms',
      'log NATS connection resumed',
    ]);
    await connection.close();
  });

  it('is lost when the server stays away', async () => {
    const connection = await connected({ resumeTimeoutMs: 100 });
    const lost = once(connection, 'lost');
    await server.stop();
    expect(await lost).toEqual(['not resumed within 100 ms']);
  });

  it('is lost when the peer falls silent, by its unanswered pings', async () => {
    await using path = await TcpPath.to(server.port);
    const connection = await connected({
      url: path.url,
      pingIntervalMs: 1_000,
      pingsOutMax: 1,
      resumeTimeoutMs: 100,
    });
    const lost = once(connection, 'lost');
    path.freeze();
    await lost;
    expect(connection.state).toBe('lost');
  });

  it('is lost when a fresh server with an empty store does not know the client', async () => {
    const connection = await connected();
    const lost = once(connection, 'lost');
    const { port } = server;
    await server.stop();
    server = await StreamingServer.start({ clusterId: 'bank', port });
    expect(await lost).toEqual([expect.stringMatching(/no longer registered/)]);
  });

  it('is replaced in `reconnect` mode when the server is back', async () => {
    const connection = await connected({ onConnectionLost: 'reconnect', resumeTimeoutMs: 100 });
    const dead = connection.client;
    const [lost, replaced] = [once(connection, 'lost'), once(connection, 'connected')];
    const { port } = server;
    await server.stop();
    await lost;
    server = await StreamingServer.start({ clusterId: 'bank', port });
    await replaced;
    expect(connection.client).not.toBe(dead);
    await eventually('one client is connected', () => server.core.connections.size === 1);
  });
});
