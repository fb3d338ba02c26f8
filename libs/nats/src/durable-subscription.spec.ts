import { once } from 'node:events';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { StartPosition } from 'node-nats-streaming';
import {
  eventually,
  FakeMessage,
  fakeNatsStreaming,
  type FakeSubscription,
  RecordedLog,
  testNatsOptions,
} from '../testing/index.js';
import type { BusMessage } from './message-bus.js';
import { NatsConnection } from './nats-connection.js';
import type { NatsOptions } from './nats.options.js';
import { NatsStreamingBus } from './nats-streaming.bus.js';

let log: RecordedLog;

beforeEach(() => {
  fakeNatsStreaming.reset();
  log = RecordedLog.start();
});

function busWith(options: Partial<NatsOptions> = {}) {
  const connection = new NatsConnection(testNatsOptions(options));
  return { connection, bus: new NatsStreamingBus(connection) };
}

/** A handler whose promises are settled by the spec. */
function handlerInHand() {
  const running: { resolve(): void; reject(error: Error): void }[] = [];
  const handler = jest.fn(
    (_message: BusMessage) => new Promise<void>((resolve, reject) => running.push({ resolve, reject })),
  );
  return { handler, running };
}

async function subscribed(options: Partial<NatsOptions> = {}) {
  const { connection, bus } = busWith(options);
  await connection.connect();
  const { handler, running } = handlerInHand();
  const subscription = bus.subscribe('transfer.requested', handler);
  return { connection, handler, running, subscription, standing: standing() };
}

/** The subscription that was made last, on the client that was made last. */
function standing(): FakeSubscription {
  return fakeNatsStreaming.client.subscriptions.at(-1)!;
}

describe('subscribing', () => {
  it('is durable, by hand acknowledged, in the service’s queue, and from the first stored message', async () => {
    const { standing } = await subscribed({ channelPrefix: 'staging.', ackWaitMs: 3_000, maxInFlight: 5 });
    expect(standing.channel).toBe('staging.transfer.requested');
    expect(standing.queue).toBe('transactions');
    expect(standing.options.values).toEqual({
      startAt: StartPosition.FIRST,
      durableName: 'transactions',
      manualAcks: true,
      maxInFlight: 5,
      ackWaitMs: 3_000,
    });
  });

  it('before the connection stands is made up for when it does', async () => {
    const { connection, bus } = busWith();
    bus.subscribe('transfer.requested', jest.fn<() => Promise<void>>());
    await connection.connect();
    expect(standing().channel).toBe('transfer.requested');
  });

  it('is repeated on the client that replaces a lost one', async () => {
    const { connection, handler } = await subscribed({ onConnectionLost: 'reconnect' });
    const replaced = once(connection, 'connected');
    fakeNatsStreaming.client.loseConnection();
    await replaced;
    expect(fakeNatsStreaming.clients).toHaveLength(2);
    standing().emit('message', new FakeMessage('{}'));
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it.each(['error', 'timeout'])(
    'that ends in `%s` counts as a lost connection: nothing would come',
    async (event) => {
      const { connection, standing } = await subscribed();
      const lost = once(connection, 'lost');
      standing.emit(event, new Error('stan: subscribe request timeout'));
      expect(await lost).toEqual([
        'subscribing to transfer.requested failed: stan: subscribe request timeout',
      ]);
    },
  );

  it('that nobody answers while the connection is interrupted counts, too: a client that resumes does not ask again', async () => {
    const { connection, standing } = await subscribed();
    const lost = once(connection, 'lost');
    fakeNatsStreaming.client.emit('disconnect');
    standing.emit('timeout', new Error('stan: subscribe request timeout'));
    expect(await lost).toEqual(['subscribing to transfer.requested failed: stan: subscribe request timeout']);
  });

  it('that is refused on an old client does not touch the new one', async () => {
    const { connection, standing } = await subscribed({ onConnectionLost: 'reconnect' });
    const replaced = once(connection, 'connected');
    fakeNatsStreaming.client.loseConnection();
    await replaced;
    standing.emit('error', new Error('late'));
    expect(connection.state).toBe('connected');
  });
});

describe('a message', () => {
  it('reaches the handler with its channel, number and bytes', async () => {
    const { handler, standing } = await subscribed({ channelPrefix: 'staging.' });
    standing.emit('message', new FakeMessage('{"a":1}', 7));
    expect(handler).toHaveBeenCalledWith({
      channel: 'transfer.requested',
      data: Buffer.from('{"a":1}'),
      sequence: 7,
      redelivered: false,
    });
  });

  it('is acknowledged when its handler has resolved, and not before', async () => {
    const { running, standing } = await subscribed();
    const message = new FakeMessage('{}');
    standing.emit('message', message);
    await new Promise(setImmediate);
    expect(message.acknowledged).toBe(false);
    running[0]!.resolve();
    await eventually('it is acknowledged', () => message.acknowledged);
  });

  it('stays unacknowledged when its handler rejects, which is reported', async () => {
    const { running, standing, subscription } = await subscribed();
    const message = new FakeMessage('{}', 7);
    standing.emit('message', message);
    running[0]!.reject(new Error('no such account'));
    await subscription.drain();
    expect(message.acknowledged).toBe(false);
    expect(log.lines.at(-1)).toBe(
      'error Message 7 of transfer.requested was not processed and stays unacknowledged; ' +
        'it comes again after 1000 ms: no such account',
    );
  });

  it('of a lost client is not acknowledged on the new one', async () => {
    const { connection, running, standing, subscription } = await subscribed({
      onConnectionLost: 'reconnect',
    });
    const message = new FakeMessage('{}');
    standing.emit('message', message);
    const replaced = once(connection, 'connected');
    fakeNatsStreaming.client.loseConnection();
    await replaced;
    running[0]!.resolve();
    await subscription.drain();
    expect(message.acknowledged).toBe(false);
  });

  it('is handled beside others: one that takes long does not hold the next up', async () => {
    const { running, standing } = await subscribed();
    const [slow, fast] = [new FakeMessage('1', 1), new FakeMessage('2', 2)];
    standing.emit('message', slow);
    standing.emit('message', fast);
    running[1]!.resolve();
    await eventually('the second is acknowledged', () => fast.acknowledged);
    expect(slow.acknowledged).toBe(false);
  });
});

describe('a handler that outlives ackWait', () => {
  it('is reported, and acknowledged all the same when it ends', async () => {
    const { running, standing } = await subscribed({ ackWaitMs: 20 });
    const message = new FakeMessage('{}');
    standing.emit('message', message);
    await eventually('the report', () => log.lines.some((line) => line.startsWith('warn Message 1 of')));
    expect(log.lines.at(-1)).toContain('has been handled for 20 ms (NATS_ACK_WAIT_MS) without an end');
    running[0]!.resolve();
    await eventually('it is acknowledged', () => message.acknowledged);
  });

  it('is not reported when it ended in time', async () => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate', 'performance'] });
    try {
      const { running, standing } = await subscribed({ ackWaitMs: 20 });
      standing.emit('message', new FakeMessage('{}'));
      running[0]!.resolve();
      await new Promise(setImmediate);
      jest.advanceTimersByTime(1_000);
      expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('draining', () => {
  it('takes no more messages', async () => {
    const { handler, standing, subscription } = await subscribed();
    await subscription.drain();
    const message = new FakeMessage('{}');
    standing.emit('message', message);
    expect(handler).not.toHaveBeenCalled();
    expect(message.acknowledged).toBe(false);
  });

  it('ends when the running handlers have ended and are acknowledged', async () => {
    const { running, standing, subscription } = await subscribed();
    const message = new FakeMessage('{}');
    standing.emit('message', message);
    const acknowledgedAtTheEnd = subscription.drain().then(() => message.acknowledged);
    running[0]!.resolve();
    expect(await acknowledgedAtTheEnd).toBe(true);
  });

  it('is for good: a new client gets no subscription', async () => {
    const { connection, subscription } = await subscribed({ onConnectionLost: 'reconnect' });
    await subscription.drain();
    const replaced = once(connection, 'connected');
    fakeNatsStreaming.client.loseConnection();
    await replaced;
    expect(fakeNatsStreaming.client.subscriptions).toEqual([]);
  });
});
