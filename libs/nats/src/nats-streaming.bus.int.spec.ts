import { once } from 'node:events';
import { StreamingServer } from '@app/streaming-server';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, RecordedLog, testNatsOptions } from '../testing/index.js';
import { TcpPath } from '../testing/tcp-path.js';
import type { BusMessage } from './message-bus.js';
import { NatsConnection } from './nats-connection.js';
import { PublishRefusedError, PublishUnknownError } from './nats.errors.js';
import type { NatsOptions } from './nats.options.js';
import { NatsStreamingBus } from './nats-streaming.bus.js';

let server: StreamingServer;
let open: NatsConnection[];

beforeEach(async () => {
  server = await StreamingServer.start({ clusterId: 'bank' });
  RecordedLog.start();
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((connection) => connection.close()));
  await server.stop();
});

async function connectedBus(options: Partial<NatsOptions> = {}) {
  const connection = new NatsConnection(
    testNatsOptions({ url: server.url, connectTimeoutMs: 1_000, resumeTimeoutMs: 5_000, ...options }),
  );
  open.push(connection);
  const bus = new NatsStreamingBus(connection);
  await connection.connect();
  return { bus, connection };
}

/** Subscribes, and notes what is delivered as `number data` with a `!` where it was delivered before. */
function listen(
  bus: NatsStreamingBus,
  handler: (message: BusMessage) => Promise<void> = () => Promise.resolve(),
) {
  const heard: string[] = [];
  const subscription = bus.subscribe('transfer.requested', (message) => {
    heard.push(`${message.sequence} ${message.data.toString()}${message.redelivered ? '!' : ''}`);
    return handler(message);
  });
  return { heard, subscription };
}

describe('publishing and subscribing', () => {
  it('delivers what was stored before the subscription, in order', async () => {
    const { bus } = await connectedBus();
    for (const data of ['a', 'b', 'ä']) await bus.publish('transfer.requested', data);
    const { heard } = listen(bus);
    await eventually('three messages', () => heard.length === 3);
    expect(heard).toEqual(['1 a', '2 b', '3 ä']);
  });

  it('goes on after a restart where it stopped: what was acknowledged does not come again', async () => {
    const first = await connectedBus();
    const before = listen(first.bus);
    await first.bus.publish('transfer.requested', 'a');
    await eventually('the first', () => before.heard.length === 1);
    await before.subscription.drain();
    await first.connection.close();

    const second = await connectedBus();
    const after = listen(second.bus);
    await second.bus.publish('transfer.requested', 'b');
    await eventually('the second', () => after.heard.length > 0);
    expect(after.heard).toEqual(['2 b']);
  });

  it('delivers again what was not processed, and says that it does', async () => {
    const { bus } = await connectedBus({ ackWaitMs: 1_000 });
    const { heard } = listen(bus, ({ redelivered }) =>
      redelivered ? Promise.resolve() : Promise.reject(new Error('no')),
    );
    await bus.publish('transfer.requested', 'a');
    await eventually('it comes again', () => heard.length === 2);
    expect(heard).toEqual(['1 a', '1 a!']);
  });

  it('keeps channels with different prefixes apart', async () => {
    const [first, second] = [
      await connectedBus({ channelPrefix: 'first.', clientId: 'a' }),
      await connectedBus({ channelPrefix: 'second.', clientId: 'b' }),
    ];
    const [one, two] = [listen(first.bus), listen(second.bus)];
    await first.bus.publish('transfer.requested', 'a');
    await second.bus.publish('transfer.requested', 'b');
    await eventually('both', () => one.heard.length + two.heard.length === 2);
    expect([one.heard, two.heard]).toEqual([['1 a'], ['1 b']]);
  });

  it('shares the messages of a queue between the instances of a service', async () => {
    const [first, second] = [await connectedBus({ clientId: 'a' }), await connectedBus({ clientId: 'b' })];
    const [one, two] = [listen(first.bus), listen(second.bus)];
    const data = Array.from({ length: 20 }, (_, index) => String(index));
    await Promise.all(data.map((each) => first.bus.publish('transfer.requested', each)));
    await eventually('all', () => one.heard.length + two.heard.length >= data.length);
    expect([...one.heard, ...two.heard].map((each) => each.split(' ')[1]).sort()).toEqual(data.sort());
  });
});

describe('a publish while something breaks', () => {
  it('is unknown when the server falls silent', async () => {
    await using path = await TcpPath.to(server.port);
    const { bus, connection } = await connectedBus({
      url: path.url,
      ackTimeoutMs: 100,
      connectTimeoutMs: 300,
    });
    path.freeze();
    await expect(bus.publish('transfer.requested', 'a')).rejects.toThrow(
      'is unknown: stan: publish ack timeout',
    );
    await connection.close();
  });

  it('is unknown when the connection is lost before the acknowledgement', async () => {
    await using path = await TcpPath.to(server.port);
    const { bus, connection } = await connectedBus({
      url: path.url,
      resumeTimeoutMs: 50,
      ackTimeoutMs: 60_000,
    });
    path.freeze();
    const publishing = expect(bus.publish('transfer.requested', 'a')).rejects.toThrow(PublishUnknownError);
    path.drop();
    await publishing;
    await connection.close();
  });

  it('is refused by a server that forgot the client, and the connection counts as lost', async () => {
    const { bus, connection } = await connectedBus();
    const resumed = once(connection, 'resumed');
    const { port } = server;
    await server.stop();
    server = await StreamingServer.start({ clusterId: 'bank', port });
    await resumed;
    const error = await bus.publish('transfer.requested', 'a').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PublishRefusedError);
    expect(error).toMatchObject({ registrationLost: true });
    await eventually('it is lost', () => connection.state === 'lost');
  });
});

describe('in `reconnect` mode', () => {
  it('subscribes again on a fresh server at the same port, and goes on', async () => {
    const { bus, connection } = await connectedBus({ onConnectionLost: 'reconnect', resumeTimeoutMs: 100 });
    const { heard } = listen(bus);
    await bus.publish('transfer.requested', 'before');
    await eventually('the first', () => heard.length === 1);
    const [lost, replaced] = [once(connection, 'lost'), once(connection, 'connected')];
    const { port } = server;
    await server.stop();
    await lost;
    server = await StreamingServer.start({ clusterId: 'bank', port });
    await replaced;
    await bus.publish('transfer.requested', 'after');
    await eventually('the second', () => heard.length === 2);
    expect(heard).toEqual(['1 before', '1 after']);
  });
});

describe('an interruption that ends in time', () => {
  it('leaves the subscription standing on the same client', async () => {
    await using path = await TcpPath.to(server.port);
    const { bus, connection } = await connectedBus({ url: path.url });
    const { heard } = listen(bus);
    await bus.publish('transfer.requested', 'before');
    await eventually('the first', () => heard.length === 1);
    const resumed = once(connection, 'resumed');
    path.drop();
    await resumed;
    await bus.publish('transfer.requested', 'after');
    await eventually('the second', () => heard.includes('2 after'));
    await connection.close();
  });
});
