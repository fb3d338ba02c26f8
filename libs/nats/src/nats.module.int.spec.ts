import { StreamingServer } from '@app/streaming-server';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, type INestMicroservice } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { NestFactory } from '@nestjs/core';
import { z } from 'zod';
import { eventually, RecordedLog, testNatsOptions } from '../testing/index.js';
import { defineEvents } from './event-registry.js';
import { MessageBus } from './message-bus.js';
import { NatsModule } from './nats.module.js';
import { NatsTransport } from './nats.transport.js';

const events = defineEvents('urn:test', {
  'coin.tossed': { version: '1.0', source: '/test', data: z.object({ side: z.string() }), key: () => 'coin' },
});

let heard: unknown[] = [];

@Injectable()
class Tosser {
  constructor(private readonly bus: MessageBus) {}

  toss(side: string): Promise<unknown> {
    return this.bus.publish('coin.tossed', JSON.stringify(events.create('coin.tossed', { side })));
  }
}

@Controller()
class Watcher {
  constructor(readonly bus: MessageBus) {}

  @EventPattern<string>('coin.tossed')
  async tossed(@Payload('data') data: unknown): Promise<void> {
    await Promise.resolve();
    heard.push(data);
  }
}

@Module({ providers: [Tosser] })
class TossingModule {}

@Module({ controllers: [Watcher] })
class WatchingModule {}

let server: StreamingServer;
let app: INestMicroservice | undefined;

beforeEach(async () => {
  server = await StreamingServer.start({ clusterId: 'bank' });
  RecordedLog.start();
  heard = [];
});

afterEach(async () => {
  await app?.close();
  await server.stop();
});

/** A service with two modules that use the connection, and the transport that listens on it. */
async function startService(): Promise<INestMicroservice> {
  const nats = NatsModule.forRootAsync({
    useFactory: () => testNatsOptions({ url: server.url, connectTimeoutMs: 1_000, resumeTimeoutMs: 5_000 }),
    events,
  });
  app = await NestFactory.createMicroservice(
    { module: class Root {}, imports: [nats, TossingModule, WatchingModule] },
    { useFactory: (strategy: NatsTransport) => ({ strategy }), inject: [NatsTransport], abortOnError: false },
  );
  await app.init();
  await app.listen();
  return app;
}

describe('a service with two modules and the transport', () => {
  it('the broker sees exactly one connection', async () => {
    const service = await startService();
    await service.get(Tosser, { strict: false }).toss('heads');
    await eventually('the event came round', () => heard.length === 1);
    expect(heard).toEqual([{ side: 'heads' }]);
    expect(server.core.connectionsTotal).toBe(1);
  });

  it('leaves the broker when it is closed, and may come back at once under its client id', async () => {
    await (await startService()).close();
    await eventually('nobody is connected', () => server.core.connections.size === 0);
    const again = await startService();
    await again.get(Tosser, { strict: false }).toss('tails');
    await eventually('the event came round', () => heard.length === 1);
  });

  it('closes only when the running handlers have ended, and their messages do not come again', async () => {
    const first = await startService();
    await first.get(Tosser, { strict: false }).toss('heads');
    await eventually('it is handled', () => heard.length === 1);
    await first.close();
    const second = await startService();
    await second.get(Tosser, { strict: false }).toss('tails');
    await eventually('the second is handled', () => heard.length > 1);
    expect(heard).toEqual([{ side: 'heads' }, { side: 'tails' }]);
  });
});
