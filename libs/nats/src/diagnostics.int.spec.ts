import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { StreamingServer } from '@app/streaming-server';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, RecordedLog, testNatsOptions } from '../testing/index.js';
import { TcpPath } from '../testing/tcp-path.js';
import { NATS_STEPS } from './diagnostics.js';
import { NatsConnection } from './nats-connection.js';
import { NatsStreamingBus } from './nats-streaming.bus.js';

let server: StreamingServer;
let path: TcpPath;
let connection: NatsConnection;
let bus: NatsStreamingBus;
let steps: string[];
const note = (_detail: unknown, name: string | symbol) => void steps.push(String(name));

beforeEach(async () => {
  RecordedLog.start();
  steps = [];
  for (const step of NATS_STEPS) subscribe(step, note);
  server = await StreamingServer.start({ clusterId: 'bank' });
  path = await TcpPath.to(server.port);
  const options = { url: path.url, connectTimeoutMs: 300, ackTimeoutMs: 100, resumeTimeoutMs: 5_000 };
  connection = new NatsConnection(testNatsOptions(options));
  bus = new NatsStreamingBus(connection);
  await connection.connect();
});

afterEach(async () => {
  await connection.close();
  for (const step of NATS_STEPS) unsubscribe(step, note);
  await path[Symbol.asyncDispose]();
  await server.stop();
});

describe('the steps', () => {
  it('of a publish and of its delivery are announced in their order', async () => {
    bus.subscribe('coin.tossed', () => Promise.resolve());
    await bus.publish('coin.tossed', 'heads');
    await eventually('the acknowledgement', () => steps.includes('nats.message.acknowledged'));
    const of = (prefix: string) => steps.filter((step) => step.startsWith(prefix));
    expect(of('nats.connection')).toEqual(['nats.connection.connecting', 'nats.connection.connected']);
    expect(of('nats.publish')).toEqual(['nats.publish.called', 'nats.publish.sent', 'nats.publish.acked']);
    expect(of('nats.message')).toEqual([
      'nats.message.received',
      'nats.message.processed',
      'nats.message.acknowledged',
    ]);
  });

  it('of a publish that is not answered end in `unknown`, and of one that cannot be sent in `refused`', async () => {
    path.freeze();
    await bus.publish('coin.tossed', 'heads').catch(() => undefined);
    await bus.publish('not a channel', 'heads').catch(() => undefined);
    expect(steps.slice(2)).toEqual([
      'nats.publish.called',
      'nats.publish.sent',
      'nats.publish.unknown',
      'nats.publish.refused',
    ]);
  });

  it('do not say `sent` when the connection ends before the bytes have left', async () => {
    const publishing = bus.publish('coin.tossed', 'heads').catch(() => undefined);
    connection.declareLost('the spec says so');
    await publishing;
    await new Promise(setImmediate);
    expect(steps).not.toContain('nats.publish.sent');
    expect(steps).toContain('nats.publish.unknown');
  });
});
