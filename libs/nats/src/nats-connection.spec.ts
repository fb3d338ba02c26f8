import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { fakeNatsStreaming, RecordedLog, testNatsOptions } from '../testing/index.js';
import { NatsConnection } from './nats-connection.js';
import {
  NatsClientIdTakenError,
  NatsClusterNotFoundError,
  NatsConnectAbortedError,
  NatsConnectError,
  NatsConnectRefusedError,
  NatsHostNotFoundError,
  NatsNotConnectedError,
  NatsSilentPeerError,
  NatsTlsError,
  NatsUnreachableError,
} from './nats.errors.js';
import type { NatsOptions } from './nats.options.js';

let log: RecordedLog;
let open: NatsConnection[];

beforeEach(() => {
  fakeNatsStreaming.reset();
  log = RecordedLog.start();
  open = [];
});

afterEach(() => Promise.all(open.map((connection) => connection.close())));

function connectionWith(options: Partial<NatsOptions> = {}): NatsConnection {
  const connection = new NatsConnection(testNatsOptions(options));
  open.push(connection);
  return connection;
}

async function connected(options: Partial<NatsOptions> = {}): Promise<NatsConnection> {
  const connection = connectionWith(options);
  await connection.connect();
  return connection;
}

describe('connecting', () => {
  it('goes from idle over connecting to connected', async () => {
    const connection = connectionWith();
    const states = [connection.state];
    const connecting = connection.connect();
    states.push(connection.state);
    await connecting;
    expect([...states, connection.state]).toEqual(['idle', 'connecting', 'connected']);
  });

  it('gives every caller the same promise and makes one client', async () => {
    const connection = connectionWith();
    const first = connection.connect();
    expect(connection.connect()).toBe(first);
    await first;
    expect(connection.connect()).toBe(first);
    expect(fakeNatsStreaming.clients).toHaveLength(1);
  });

  it('hands the settings to the client, which never gives up by itself', async () => {
    await connected({ ackTimeoutMs: 77 });
    const { clusterId, clientId, options } = fakeNatsStreaming.client;
    expect([clusterId, clientId]).toEqual(['bank', 'transactions-1']);
    expect(options).toMatchObject({ ackTimeout: 77, maxReconnectAttempts: -1 });
  });

  it('announces the client when it is ready', async () => {
    const connection = connectionWith();
    const announced = once(connection, 'connected');
    await connection.connect();
    expect(await announced).toEqual([fakeNatsStreaming.client]);
    expect(connection.client).toBe(fakeNatsStreaming.client);
  });

  it('says so in one line, without the secrets of the URL', async () => {
    await connected();
    expect(log.lines).toEqual([
      expect.stringMatching(
        /^log Connected to NATS \(url=nats:\/\/\*\*\*@127\.0\.0\.1:4222 cluster=bank client=transactions-1 in \d+ ms\)$/,
      ),
    ]);
  });
});

describe('an attempt that fails', () => {
  const refused = new Error('Could not connect to server: Error: connect ECONNREFUSED 127.0.0.1:4222');

  it.each([
    ['nobody listens', refused, NatsUnreachableError],
    [
      'the host has no address',
      new Error('Could not connect to server: getaddrinfo ENOTFOUND x'),
      NatsHostNotFoundError,
    ],
    [
      'its certificate is not trusted',
      new Error('Could not connect to server: Error: unable to verify the first certificate'),
      NatsTlsError,
    ],
    ['no streaming server answers', new Error('stan: connect request timeout'), NatsClusterNotFoundError],
    ['the client id is taken', 'stan: clientID already registered', NatsClientIdTakenError],
    ['the credentials are wrong', new Error("'Authorization Violation'"), NatsConnectRefusedError],
  ])('rejects with an error of its own when %s', async (_case, answer, ErrorClass) => {
    fakeNatsStreaming.answerConnect = { error: answer };
    const connection = connectionWith();
    const error = await connection.connect().catch((reason: unknown) => reason as NatsConnectError);
    expect(error).toBeInstanceOf(ErrorClass);
    expect(error).toMatchObject({ cause: typeof answer === 'string' ? new Error(answer) : answer });
  });

  it('names url, cluster and client id, and no secret', async () => {
    fakeNatsStreaming.answerConnect = { error: refused };
    const connection = connectionWith({ url: 'nats://user:p@ss@127.0.0.1:4222' });
    await expect(connection.connect()).rejects.toThrow(
      'NATS is not reachable (url=nats://***@127.0.0.1:4222 cluster=bank client=transactions-1)',
    );
  });

  it('is idle again, and may be repeated', async () => {
    fakeNatsStreaming.answerConnect = { error: refused };
    const connection = connectionWith();
    await expect(connection.connect()).rejects.toThrow(NatsUnreachableError);
    expect(connection.state).toBe('idle');
    fakeNatsStreaming.answerConnect = 'connect';
    await connection.connect();
    expect(connection.state).toBe('connected');
  });

  it('ends by its own timer when the peer is silent, and closes the client', async () => {
    fakeNatsStreaming.answerConnect = 'silence';
    const connecting = connectionWith({ connectTimeoutMs: 10 }).connect();
    const close = jest.spyOn(fakeNatsStreaming.client.nc!, 'close');
    await expect(connecting).rejects.toThrow(NatsSilentPeerError);
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('ends when the client closes before it connected', async () => {
    fakeNatsStreaming.answerConnect = 'silence';
    const connecting = connectionWith().connect();
    fakeNatsStreaming.client.emit('close');
    await expect(connecting).rejects.toThrow(NatsUnreachableError);
  });

  it('leaves no client whose late errors would end the process', async () => {
    fakeNatsStreaming.answerConnect = { error: refused };
    await expect(connectionWith().connect()).rejects.toThrow(NatsUnreachableError);
    expect(() => fakeNatsStreaming.client.emit('error', new Error('late'))).not.toThrow();
  });
});

describe('reading the client', () => {
  it('before connecting throws at once, with the state and what to await', () => {
    const connection = connectionWith();
    expect(() => connection.client).toThrow(NatsNotConnectedError);
    expect(() => connection.client).toThrow(
      'Cannot access the NATS client before connecting: the connection is idle; ' +
        'await NatsConnection.connect() first',
    );
  });

  it.each([
    ['connecting', (connection: NatsConnection) => void connection.connect()],
    ['interrupted', () => fakeNatsStreaming.client.emit('disconnect')],
    ['lost', () => fakeNatsStreaming.client.loseConnection()],
    ['closing', (connection: NatsConnection) => void connection.close()],
  ])('is refused while the connection is %s', async (state, bring) => {
    const connection = state === 'connecting' ? connectionWith() : await connected();
    bring(connection);
    expect(connection.state).toBe(state);
    expect(() => connection.client).toThrow(`the connection is ${state}`);
  });
});

describe('a connection that is interrupted', () => {
  it('goes on with the same client when it resumes in time', async () => {
    const connection = await connected();
    const { client } = connection;
    fakeNatsStreaming.client.emit('disconnect');
    expect(connection.state).toBe('interrupted');
    const resumed = once(connection, 'resumed');
    fakeNatsStreaming.client.emit('reconnect');
    await resumed;
    expect(connection.client).toBe(client);
    expect(log.lines.at(-1)).toBe('log NATS connection resumed');
  });

  it('stops its timer when it resumes', async () => {
    const connection = await connected();
    jest.useFakeTimers();
    try {
      fakeNatsStreaming.client.emit('disconnect');
      expect(jest.getTimerCount()).toBe(1);
      fakeNatsStreaming.client.emit('reconnect');
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
    expect(connection.state).toBe('connected');
  });

  it('is lost when it does not resume in time, and its client is discarded', async () => {
    const connection = await connected({ resumeTimeoutMs: 10 });
    const close = jest.spyOn(fakeNatsStreaming.client.nc!, 'close');
    const lost = once(connection, 'lost');
    fakeNatsStreaming.client.emit('disconnect');
    expect(await lost).toEqual(['not resumed within 10 ms']);
    expect(close).toHaveBeenCalledTimes(1);
  });
});

describe('a connection that is lost', () => {
  it.each([
    ['the client closes', () => fakeNatsStreaming.client.emit('close'), 'the client closed'],
    [
      'its pings stay unanswered',
      () => fakeNatsStreaming.client.emit('connection_lost', new Error('PING failure')),
      'PING failure',
    ],
    [
      'the server no longer knows it',
      () => fakeNatsStreaming.client.loseRegistration('replaced'),
      'replaced',
    ],
  ])('says why: %s', async (_case, lose, reason) => {
    const connection = await connected();
    connection.arrangeExit();
    const lost = once(connection, 'lost');
    lose();
    expect(await lost).toEqual([reason]);
    expect(log.lines).toContain(`error NATS connection lost (${reason}); the process will exit`);
  });

  it('does not say that the process will exit when nobody has undertaken to end it', async () => {
    await connected();
    fakeNatsStreaming.client.loseConnection();
    expect(log.lines.at(-1)).toBe(
      'error NATS connection lost (the client closed); this process stays, without a connection',
    );
  });

  it('is lost since then, until a new client stands', async () => {
    const connection = await connected({ onConnectionLost: 'reconnect' });
    expect(connection.lostSince).toBeUndefined();
    const replaced = once(connection, 'connected');
    fakeNatsStreaming.client.loseConnection();
    expect(connection.lostSince).toBeInstanceOf(Date);
    await replaced;
    expect(connection.lostSince).toBeUndefined();
  });

  it('is announced once, however many signs there are', async () => {
    const connection = await connected();
    const lost = jest.fn();
    connection.on('lost', lost);
    fakeNatsStreaming.client.loseRegistration();
    expect(lost).toHaveBeenCalledTimes(1);
  });

  it('is not replaced with `exit`', async () => {
    const connection = await connected({ onConnectionLost: 'exit' });
    fakeNatsStreaming.client.loseConnection();
    expect(connection.state).toBe('lost');
    expect(fakeNatsStreaming.clients).toHaveLength(1);
  });

  it('is replaced by a new client with `reconnect`', async () => {
    const connection = await connected({ onConnectionLost: 'reconnect' });
    const dead = connection.client;
    const replaced = once(connection, 'connected');
    fakeNatsStreaming.client.loseConnection();
    await replaced;
    expect(connection.client).not.toBe(dead);
    expect(log.lines).toContain('error NATS connection lost (the client closed); a new client will connect');
  });

  it('is not brought down by what its dead client still says', async () => {
    const connection = await connected({ onConnectionLost: 'reconnect' });
    const dead = fakeNatsStreaming.client;
    const replaced = once(connection, 'connected');
    dead.loseConnection();
    await replaced;
    for (const event of ['disconnect', 'close', 'connection_lost', 'reconnect'])
      dead.emit(event, new Error('late'));
    expect(connection.state).toBe('connected');
  });

  it('can be declared only while there is a client', async () => {
    const connection = connectionWith();
    connection.declareLost('a mistake');
    expect(connection.state).toBe('idle');
    await connection.close();
    connection.declareLost('a mistake');
    expect(connection.state).toBe('closed');
  });
});

describe('closing', () => {
  it('tells the server, and says that it was asked to', async () => {
    const connection = await connected();
    const close = jest.spyOn(fakeNatsStreaming.client, 'close');
    await connection.close();
    expect(connection.state).toBe('closed');
    expect(close).toHaveBeenCalledTimes(1);
    expect(log.lines.slice(1)).toEqual(['log NATS connection closed (asked to stop)']);
  });

  it('waits for the server’s answer, so that it has forgotten the client when it ends', async () => {
    const connection = await connected({ connectTimeoutMs: 3_600_000 });
    jest.spyOn(fakeNatsStreaming.client, 'close').mockImplementation(() => undefined);
    const closing = connection.close();
    await new Promise(setImmediate);
    expect(connection.state).toBe('closing');
    fakeNatsStreaming.client.emit('close');
    await closing;
    expect(connection.state).toBe('closed');
  });

  it('twice closes once', async () => {
    const connection = await connected();
    const closed = jest.fn();
    connection.on('closed', closed);
    expect(connection.close()).toBe(connection.close());
    await connection.close();
    expect(closed).toHaveBeenCalledTimes(1);
  });

  it('is not taken for a lost connection', async () => {
    const connection = await connected();
    const lost = jest.fn();
    connection.on('lost', lost);
    await connection.close();
    expect(lost).not.toHaveBeenCalled();
  });

  it('after the connection was lost says that', async () => {
    const connection = await connected();
    fakeNatsStreaming.client.loseConnection();
    await connection.close();
    expect(log.lines.at(-1)).toBe('log NATS connection closed (after it was lost)');
  });

  it('while connecting closes the client that comes of it', async () => {
    const connection = connectionWith();
    const connecting = expect(connection.connect()).rejects.toThrow(NatsConnectAbortedError);
    const close = jest.spyOn(fakeNatsStreaming.client, 'close');
    await connection.close();
    await connecting;
    expect(close).toHaveBeenCalledTimes(1);
    expect(connection.state).toBe('closed');
  });

  it('while interrupted discards the client and its timer', async () => {
    const connection = await connected({ resumeTimeoutMs: 3_600_000 });
    const close = jest.spyOn(fakeNatsStreaming.client.nc!, 'close');
    fakeNatsStreaming.client.emit('disconnect');
    await connection.close();
    expect(close).toHaveBeenCalledTimes(1);
    expect(connection.state).toBe('closed');
  });

  it('goes on when the server does not answer in time', async () => {
    const connection = await connected({ connectTimeoutMs: 10 });
    jest.spyOn(fakeNatsStreaming.client, 'close').mockImplementation(() => undefined);
    await connection.close();
    expect(connection.state).toBe('closed');
  });

  it('is final: no attempt to connect follows', async () => {
    const connection = await connected();
    await connection.close();
    await expect(connection.connect()).rejects.toThrow(NatsConnectAbortedError);
    expect(fakeNatsStreaming.clients).toHaveLength(1);
  });
});
