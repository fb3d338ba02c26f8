import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, fakeNatsStreaming, RecordedLog, testNatsOptions } from '../testing/index.js';
import { NatsConnection } from './nats-connection.js';
import { NatsClientIdTakenError, NatsConnectAbortedError, NatsUnreachableError } from './nats.errors.js';
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

describe('connecting with retries', () => {
  it('tries until the server answers, and says once that it waits', async () => {
    fakeNatsStreaming.answerConnect = { error: new Error('Could not connect to server') };
    const connection = connectionWith();
    const connecting = connection.connectWithRetry();
    await eventually('two attempts', () => fakeNatsStreaming.clients.length === 2);
    fakeNatsStreaming.answerConnect = 'connect';
    await connecting;
    expect(connection.state).toBe('connected');
    expect(
      log.lines.filter((line) => line.startsWith('warn Waiting for NATS: NATS is not reachable')),
    ).toHaveLength(1);
  });

  it('says anew what it waits for when that has changed', async () => {
    fakeNatsStreaming.answerConnect = { error: new Error('Could not connect to server') };
    const connecting = connectionWith({ clientIdTimeoutMs: 60_000 }).connectWithRetry();
    await eventually('an attempt', () => fakeNatsStreaming.clients.length === 1);
    fakeNatsStreaming.answerConnect = { error: 'stan: clientID already registered' };
    await eventually('another attempt', () => fakeNatsStreaming.clients.length === 3);
    fakeNatsStreaming.answerConnect = 'connect';
    await connecting;
    expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringContaining('Waiting for NATS: NATS is not reachable'),
      expect.stringContaining('Waiting for NATS: The client id belongs to another living client'),
    ]);
  });

  it('waits for a client id that is taken within a bound, and not for ever', async () => {
    fakeNatsStreaming.answerConnect = { error: 'stan: clientID already registered' };
    const connecting = connectionWith({ clientIdTimeoutMs: 150 }).connectWithRetry();
    await expect(connecting).rejects.toThrow(NatsClientIdTakenError);
    expect(fakeNatsStreaming.clients.length).toBeGreaterThan(1);
  });

  it('counts as lost in the background when its client id stays taken', async () => {
    fakeNatsStreaming.answerConnect = { error: 'stan: clientID already registered' };
    const connection = connectionWith({ clientIdTimeoutMs: 1 });
    const lost = once(connection, 'lost');
    connection.connectInBackground();
    expect(await lost).toEqual([expect.stringContaining('give each running instance an id of its own')]);
    expect(connection.state).toBe('lost');
  });

  it('asks for a client id that stayed taken again with `reconnect`, and is lost in between', async () => {
    fakeNatsStreaming.answerConnect = { error: 'stan: clientID already registered' };
    const connection = connectionWith({ clientIdTimeoutMs: 1, onConnectionLost: 'reconnect' });
    const lost = once(connection, 'lost');
    connection.connectInBackground();
    await lost;
    fakeNatsStreaming.answerConnect = 'connect';
    expect(connection.state).toBe('lost');
    await eventually('it is connected', () => connection.state === 'connected');
    expect(fakeNatsStreaming.clients).toHaveLength(2);
  });

  it('gives up with the last error when the time is over', async () => {
    fakeNatsStreaming.answerConnect = { error: new Error('Could not connect to server') };
    await expect(connectionWith().connectWithRetry(1)).rejects.toThrow(NatsUnreachableError);
  });

  it('ends at once when the connection is closed', async () => {
    fakeNatsStreaming.answerConnect = { error: new Error('Could not connect to server') };
    const connection = connectionWith();
    const connecting = connection.connectWithRetry();
    const outcome = expect(connecting).rejects.toThrow(NatsConnectAbortedError);
    await connection.close();
    await outcome;
  });

  it('does not disturb the process when it is closed in the background', async () => {
    fakeNatsStreaming.answerConnect = { error: new Error('Could not connect to server') };
    const connection = connectionWith();
    connection.connectInBackground();
    await connection.close();
    expect(connection.state).toBe('closed');
  });
});
