import { expect, it } from '@jest/globals';
import { Controller, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { z } from 'zod';
import { defineEvents, MessageBus, NatsConnection, NatsModule, NatsTransport } from '../src/index.js';
import { eventually } from '../testing/index.js';
import { CHANNEL, type Bench } from './bench.js';

const events = defineEvents('urn:test', {
  [CHANNEL]: { version: '1.0', source: '/test', data: z.object({ side: z.string() }), key: () => 'coin' },
});

let heard: unknown[] = [];

@Controller()
class Watcher {
  @EventPattern<string>(CHANNEL)
  async tossed(@Payload('data') data: unknown): Promise<void> {
    await Promise.resolve();
    heard.push(data);
  }
}

async function start(bench: Bench): Promise<INestMicroservice> {
  const { options } = (await bench.instance()).connection;
  const nats = NatsModule.forRootAsync({ useFactory: () => options, events });
  const app = await NestFactory.createMicroservice<{
    useFactory: (strategy: NatsTransport) => MicroserviceOptions;
    inject: unknown[];
  }>(
    { module: class Root {}, imports: [nats], controllers: [Watcher] },
    { useFactory: (strategy) => ({ strategy }), inject: [NatsTransport] },
  );
  await app.init();
  await app.listen();
  return app;
}

/** The contract of an application, whose code is the same for every driver. */
export function applicationContract(bench: () => Bench): void {
  it('publishes and hears its events, and its successor goes on after it has closed', async () => {
    for (const side of ['heads', 'tails']) {
      heard = [];
      const app = await start(bench());
      const connection = app.get(NatsConnection);
      expect(connection.state).toBe('connected');
      await app.get(MessageBus).publish(CHANNEL, JSON.stringify(events.create(CHANNEL, { side })));
      await eventually('it comes', () => heard.length > 0);
      await app.close();
      expect(connection.state).toBe('closed');
      expect(heard).toEqual([{ side }]);
    }
  });
}
