import { activeTrace, defineEvent, defineEvents, NatsTransport, parseEnvironment } from '@app/nats';
import { eventually, FakeMessageBus } from '@app/nats/testing';
import { once } from 'node:events';
import { Agent, get, request, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { json, text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Injectable,
  Logger,
  Module,
  Post,
  Res,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Open } from './access/access.decorators.js';
import { createService, startService } from './serve.js';
import { serviceEnvironment } from './service.environment.js';
import { ServiceModule } from './service.module.js';

const registry = defineEvents('urn:coins', {
  'coin.minted': defineEvent({
    version: '1.0',
    source: '/mint',
    data: z.object({ id: z.string() }),
    key: ({ id }) => id,
  }),
});
const environment = parseEnvironment(serviceEnvironment(3001), {
  DATABASE_URL: 'postgres://127.0.0.1/x',
  NATS_URL: 'nats://127.0.0.1:1',
  NATS_CLUSTER_ID: 'bank',
  AUTH_JWT_SECRET: 'a secret of thirty-two characters',
});
const bus = new FakeMessageBus();
const steps: string[] = [];
const lines: unknown[] = [];
let stream: Readable;

@Injectable()
class Hooks implements OnModuleInit, OnApplicationBootstrap {
  onModuleInit(): void {
    steps.push('init');
  }

  onApplicationBootstrap(): void {
    steps.push('bootstrap');
  }
}

@Controller('coins')
class CoinsController {
  @Post()
  @Open()
  mint(): unknown {
    return { trace: activeTrace().traceparent };
  }

  @Get('stream')
  @Open()
  stream(@Res() reply: FastifyReply): void {
    void reply.send(stream);
  }

  @EventPattern<string>('coin.minted')
  minted(@Payload() { data }: { data: { id: string } }): void {
    steps.push(`heard ${data.id}`);
    if (data.id === 'bad') throw new RangeError('it is bent');
  }
}

@Module({
  imports: [ServiceModule.for('coins', environment)],
  controllers: [CoinsController],
  providers: [Hooks, { provide: NatsTransport, useFactory: () => new NatsTransport(bus, registry) }],
})
class CoinsModule {}

let app: NestFastifyApplication;
const note = (level: string) => (line: unknown) => void lines.push({ level, line });

beforeEach(async () => {
  steps.length = lines.length = 0;
  Logger.overrideLogger({ log: note('log'), warn: note('warn'), error: note('error') });
  app = await createService(CoinsModule);
  await startService(app, { HOST: '127.0.0.1', PORT: 0 });
});
afterEach(() => app.close());

const deliver = (id: string) => {
  const event = registry.create('coin.minted', { id }, { subject: id });
  return bus.deliver('coin.minted', JSON.stringify(event)).then(
    () => event.id,
    () => event.id,
  );
};

describe('a service that has started', () => {
  it('has run each hook once, and warned of nothing', () => {
    expect(steps).toEqual(['init', 'bootstrap']);
    expect(lines.filter((line) => (line as { level: string }).level !== 'log')).toEqual([]);
  });

  it('hears messages, whatever it asks of callers, and logs one line for each', async () => {
    const messageId = await deliver('c1');
    expect(steps.at(-1)).toBe('heard c1');
    const line = { type: 'coin.minted', messageId, coinId: 'c1', outcome: 'processed' };
    expect(lines).toContainEqual({ level: 'log', line: expect.objectContaining(line) });
  });

  it('logs a message whose handler failed as an error', async () => {
    const messageId = await deliver('bad');
    const line = { messageId, outcome: 'failed', reason: 'RangeError' };
    expect(lines).toContainEqual({ level: 'error', line: expect.objectContaining(line) });
  });

  it('keeps the trace of a request whose body comes later than its headers', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const headers = { traceparent, 'content-type': 'application/json', 'content-length': 2 };
    const sent = request(`${await app.getUrl()}/coins`, { method: 'POST', headers });
    const arrived = once(app.getHttpServer(), 'request');
    sent.flushHeaders();
    await arrived;
    sent.end('{}');
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    expect(await json(answer)).toEqual({ trace: traceparent });
  });
});

describe('a service that stops while it streams', () => {
  it('is held up by no connection that its client keeps', async () => {
    stream = new Readable({ read: () => undefined });
    stream.push('first ');
    const agent = new Agent({ keepAlive: true });
    const sent = get(`${await app.getUrl()}/coins/stream`, { agent });
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const closed = app.close().then(() => 'closed');
    await eventually('it listens no more', () => !app.getHttpServer().listening);
    stream.push('last');
    stream.push(null);
    expect(await text(answer)).toBe('first last');
    // A client keeps a connection for as long as Fastify lets it: 72 s.
    expect(await Promise.race([closed, pause(4_000, 'open', { ref: false })])).toBe('closed');
    agent.destroy();
  });
});
