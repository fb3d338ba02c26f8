import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, fakeNatsStreaming, RecordedLog, testNatsOptions } from '../testing/index.js';
import { NatsConnection } from './nats-connection.js';
import { NatsNotConnectedError, PublishRefusedError, PublishUnknownError } from './nats.errors.js';
import type { NatsOptions } from './nats.options.js';
import { NatsStreamingBus } from './nats-streaming.bus.js';

beforeEach(() => {
  fakeNatsStreaming.reset();
  RecordedLog.start();
});

async function connectedBus(options: Partial<NatsOptions> = {}) {
  const connection = new NatsConnection(testNatsOptions(options));
  const bus = new NatsStreamingBus(connection);
  await connection.connect();
  return { bus, connection };
}

/** What became of a publish, as an error that is looked at. */
function failureOf(publish: Promise<unknown>): Promise<unknown> {
  return publish.then(
    () => 'acknowledged',
    (error: unknown) => error,
  );
}

describe('a publish', () => {
  it('resolves when the server has acknowledged it', async () => {
    const { bus } = await connectedBus();
    await expect(bus.publish('transfer.requested', '{}')).resolves.toEqual({ guid: 'fake-1' });
    expect(fakeNatsStreaming.client.published).toEqual([{ channel: 'transfer.requested', data: '{}' }]);
  });

  it('goes to the channel with the configured prefix', async () => {
    const { bus } = await connectedBus({ channelPrefix: 'staging.' });
    await bus.publish('transfer.requested', '{}');
    expect(fakeNatsStreaming.client.published[0]?.channel).toBe('staging.transfer.requested');
  });

  it('is refused when the server says so, in the server’s words', async () => {
    const { bus, connection } = await connectedBus();
    fakeNatsStreaming.answerPublish = { error: 'stan: too many channels' };
    const error = await failureOf(bus.publish('transfer.requested', '{}'));
    expect(error).toBeInstanceOf(PublishRefusedError);
    expect(error).toMatchObject({
      outcome: 'refused',
      channel: 'transfer.requested',
      registrationLost: false,
      message: 'Publishing to transfer.requested was refused: stan: too many channels',
    });
    expect(connection.state).toBe('connected');
  });

  it('is unknown when the client reports an error of its own', async () => {
    const { bus } = await connectedBus();
    fakeNatsStreaming.answerPublish = 'silence';
    const publishing = failureOf(bus.publish('transfer.requested', '{}'));
    const timeout = new Error('stan: publish ack timeout');
    fakeNatsStreaming.client.callBackAll(timeout);
    const error = await publishing;
    expect(error).toBeInstanceOf(PublishUnknownError);
    expect(error).toMatchObject({ outcome: 'unknown', cause: timeout });
  });

  it('is unknown when the connection closes, although the client calls back without an error', async () => {
    const { bus } = await connectedBus();
    fakeNatsStreaming.answerPublish = 'silence';
    const publishing = failureOf(bus.publish('transfer.requested', '{}'));
    fakeNatsStreaming.client.loseConnection();
    expect(await publishing).toBeInstanceOf(PublishUnknownError);
  });

  it('is unknown when the client calls back before it says anything of the lost connection', async () => {
    const { bus } = await connectedBus();
    fakeNatsStreaming.answerPublish = 'silence';
    const publishing = failureOf(bus.publish('transfer.requested', '{}'));
    fakeNatsStreaming.client.callBackAll(undefined);
    fakeNatsStreaming.client.emit('close');
    expect(await publishing).toBeInstanceOf(PublishUnknownError);
  });

  it('is unknown, not refused, when the server answers a ping that it no longer knows the client', async () => {
    const { bus } = await connectedBus();
    fakeNatsStreaming.answerPublish = 'silence';
    const publishing = failureOf(bus.publish('transfer.requested', '{}'));
    fakeNatsStreaming.client.loseRegistration();
    expect(await publishing).toBeInstanceOf(PublishUnknownError);
  });

  it('is unknown when the connection is closed before the acknowledgement', async () => {
    const { bus, connection } = await connectedBus();
    fakeNatsStreaming.answerPublish = 'silence';
    const publishing = failureOf(bus.publish('transfer.requested', '{}'));
    await connection.close();
    expect(await publishing).toBeInstanceOf(PublishUnknownError);
  });

  it('is refused when the client throws: its connection is closed', async () => {
    const { bus } = await connectedBus();
    const cause = new Error('Connection closed');
    jest.spyOn(fakeNatsStreaming.client, 'publish').mockImplementation(() => {
      throw cause;
    });
    const error = await failureOf(bus.publish('transfer.requested', '{}'));
    expect(error).toBeInstanceOf(PublishRefusedError);
    expect(error).toMatchObject({ cause });
  });
});

describe('a publish without a connection', () => {
  it('fails at once and sends nothing before the first connection', async () => {
    const bus = new NatsStreamingBus(new NatsConnection(testNatsOptions()));
    await expect(bus.publish('transfer.requested', '{}')).rejects.toThrow(NatsNotConnectedError);
    expect(fakeNatsStreaming.clients).toHaveLength(0);
  });

  it('is not left in the client’s buffer while the connection is interrupted', async () => {
    const { bus, connection } = await connectedBus();
    fakeNatsStreaming.client.emit('disconnect');
    await expect(bus.publish('transfer.requested', '{}')).rejects.toThrow('the connection is interrupted');
    expect(fakeNatsStreaming.client.published).toEqual([]);
    await connection.close();
  });
});

describe('a server that no longer knows the client', () => {
  it('refuses, and the connection counts as lost', async () => {
    const { bus, connection } = await connectedBus();
    fakeNatsStreaming.answerPublish = { error: 'stan: invalid publish request' };
    const error = await failureOf(bus.publish('transfer.requested', '{}'));
    expect(error).toMatchObject({ outcome: 'refused', registrationLost: true });
    await eventually('the connection is lost', () => connection.state === 'lost');
  });

  it('has refused every publish that it answered at the same time', async () => {
    const { bus } = await connectedBus();
    fakeNatsStreaming.answerPublish = { error: 'stan: invalid publish request' };
    const errors = await Promise.all(
      ['1', '2'].map((data) => failureOf(bus.publish('transfer.requested', data))),
    );
    expect(errors).toEqual([
      expect.objectContaining({ registrationLost: true }),
      expect.objectContaining({ registrationLost: true }),
    ]);
  });
});

describe('what is checked before anything is sent', () => {
  it.each(['', '.', 'a.', '.a', 'a..b', 'a b', 'transfer.*', 'transfer.>', 'a/b', 'a\nb'])(
    'the channel name %j is refused',
    async (channel) => {
      const { bus } = await connectedBus();
      await expect(bus.publish(channel, '{}')).rejects.toThrow(PublishRefusedError);
      expect(fakeNatsStreaming.client.published).toEqual([]);
    },
  );

  it('a payload is taken up to the limit, counted in bytes, and refused above it', async () => {
    const { bus } = await connectedBus();
    const limit = 1_048_576 - 4_096;
    await bus.publish('transfer.requested', 'x'.repeat(limit));
    await expect(bus.publish('transfer.requested', 'ä'.repeat(limit / 2 + 1))).rejects.toThrow(
      `${limit + 2} bytes are over the limit of ${limit}`,
    );
    expect(fakeNatsStreaming.client.published).toHaveLength(1);
  });
});

describe('publishes in flight', () => {
  it('are limited; the next one goes when one is answered', async () => {
    const { bus } = await connectedBus({ publishesInFlightMax: 2 });
    fakeNatsStreaming.answerPublish = 'silence';
    const publishing = ['1', '2', '3'].map((data) => bus.publish('transfer.requested', data));
    const { client } = fakeNatsStreaming;
    await eventually('two are sent', () => client.published.length === 2);
    client.callBackAll(undefined);
    await eventually('the third is sent', () => client.published.length === 3);
    client.callBackAll(undefined);
    await expect(Promise.all(publishing)).resolves.toHaveLength(3);
  });

  it('wait in bounded number: one more is refused, and nothing of it is sent', async () => {
    const { bus, connection } = await connectedBus({ publishesInFlightMax: 1 });
    fakeNatsStreaming.answerPublish = 'silence';
    const waiting = Array.from({ length: 65_537 }, () => failureOf(bus.publish('transfer.requested', '{}')));
    const error = await failureOf(bus.publish('transfer.requested', '{}'));
    expect(error).toBeInstanceOf(PublishRefusedError);
    expect(error).toMatchObject({ message: expect.stringContaining('too many publishes wait already') });
    expect(fakeNatsStreaming.client.published).toHaveLength(1);
    await connection.close();
    await Promise.all(waiting);
  });
});

describe('ready', () => {
  it('is the bus only while it is connected', async () => {
    const connection = new NatsConnection(testNatsOptions());
    const bus = new NatsStreamingBus(connection);
    expect(bus.ready).toBe(false);
    await connection.connect();
    expect(bus.ready).toBe(true);
    fakeNatsStreaming.client.emit('disconnect');
    expect(bus.ready).toBe(false);
    await connection.close();
  });

  it('is announced on connecting and on resuming, until the listener is taken away', async () => {
    const connection = new NatsConnection(testNatsOptions());
    const bus = new NatsStreamingBus(connection);
    const listener = jest.fn();
    const stopListening = bus.onReady(listener);
    await connection.connect();
    expect(listener).toHaveBeenCalledTimes(1);
    fakeNatsStreaming.client.emit('disconnect');
    fakeNatsStreaming.client.emit('reconnect');
    expect(listener).toHaveBeenCalledTimes(2);
    stopListening();
    fakeNatsStreaming.client.emit('disconnect');
    fakeNatsStreaming.client.emit('reconnect');
    expect(listener).toHaveBeenCalledTimes(2);
  });
});
