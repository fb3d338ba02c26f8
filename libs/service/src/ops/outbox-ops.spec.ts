import { parseEnvironment, Secret } from '@app/nats';
import {
  DeadLetterNotTextError,
  InvalidListError,
  LaneGoneError,
  MessagesNotParkedError,
  OutboxOperations,
} from '@app/outbox';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RecordedLog } from '@app/nats/testing';
import { z } from 'zod';
import { request, type TestRequest } from '../../testing/index.js';
import { createService } from '../serve.js';
import { opsEnvironment } from './ops.environment.js';
import { OutboxOpsModule } from './outbox-ops.module.js';

const TOKEN = 'a token of some length';
const ID = '0190a0b0-0000-7000-8000-000000000001';

const operations = {
  stats: jest.fn<OutboxOperations['stats']>(),
  list: jest.fn<(options: object) => Promise<object>>(),
  show: jest.fn<(id: string) => Promise<object | undefined>>(),
  requeue: jest.fn<OutboxOperations['requeue']>(),
  drop: jest.fn<OutboxOperations['drop']>(),
  replay: jest.fn<OutboxOperations['replay']>(),
};

@Global()
@Module({ providers: [{ provide: OutboxOperations, useValue: operations }], exports: [OutboxOperations] })
class OperationsModule {}

let app: NestFastifyApplication | undefined;

beforeEach(() => {
  RecordedLog.start();
});
afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function serve(token: Secret | undefined): Promise<NestFastifyApplication> {
  @Module({ imports: [OperationsModule, OutboxOpsModule.for(token)] })
  class ServiceModule {}
  app = await createService(ServiceModule);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

/** Sends a request with the token, unless another authorization is given. */
async function send(
  method: TestRequest['method'],
  url: string,
  { body, authorization = `Bearer ${TOKEN}` }: { body?: unknown; authorization?: string | null } = {},
) {
  app ??= await serve(new Secret(TOKEN));
  const headers = authorization === null ? {} : { authorization };
  const answer = await request(app, { method, url, headers, ...(body === undefined ? {} : { body }) });
  return { status: answer.status, body: answer.body };
}

describe('/ops/outbox', () => {
  const addresses = [
    ['GET', '/ops/outbox/stats'],
    ['GET', '/ops/outbox/messages'],
    ['GET', `/ops/outbox/messages/${ID}`],
    ['POST', `/ops/outbox/messages/${ID}/requeue`],
    ['DELETE', `/ops/outbox/messages/${ID}?reason=x`],
    ['POST', '/ops/outbox/replay'],
    ['GET', '/ops/outbox/messages/no-uuid'],
  ] as const;

  it.each(addresses)('does not exist without a token in the environment: %s %s', async (method, url) => {
    app = await serve(undefined);
    const body = method === 'POST' ? { key: 'a' } : undefined;
    expect(await send(method, url, { body })).toEqual({
      status: 404,
      body: {
        type: '/problems/not-found',
        title: 'There is nothing at this address',
        status: 404,
        detail: `Cannot ${method} ${url}`,
      },
    });
  });

  it.each(
    addresses.flatMap(([method, url]) =>
      [null, '', TOKEN, 'Bearer', `Basic ${TOKEN}`, `Bearer ${TOKEN}!`, `Bearer ${TOKEN.slice(1)}`].map(
        (authorization) => [method, url, authorization] as const,
      ),
    ),
  )(
    'tells who has not the token what it tells of no address: %s %s with %p',
    async (method, url, authorization) => {
      const body = method === 'POST' ? { key: 'a' } : undefined;
      expect(await send(method, url, { authorization, body })).toEqual({
        status: 404,
        body: {
          type: '/problems/not-found',
          title: 'There is nothing at this address',
          status: 404,
          detail: `Cannot ${method} ${url}`,
        },
      });
      for (const operation of Object.values(operations)) expect(operation).not.toHaveBeenCalled();
    },
  );

  it('takes the name of the scheme in small letters too', async () => {
    operations.show.mockResolvedValue({ id: ID });
    const { status } = await send('GET', `/ops/outbox/messages/${ID}`, { authorization: `bearer ${TOKEN}` });
    expect(status).toBe(200);
  });

  it('tells the numbers, those that JSON cannot hold as text', async () => {
    const lanes = { ready: 1, due: 0, leased: 0, blocked: 0 };
    const none = {
      leases: [],
      parked: [],
      deadLetters: [],
      partitions: [],
      gaps: { count: 0, examples: [] },
    };
    operations.stats.mockResolvedValue({
      pending: 2n ** 60n,
      capped: false,
      oldestPendingAgeMs: 7,
      lanes,
      ...none,
    });
    expect(await send('GET', '/ops/outbox/stats')).toEqual({
      status: 200,
      body: { pending: '1152921504606846976', capped: false, oldestPendingAgeMs: 7, lanes, ...none },
    });
  });

  it('lists what it is asked for', async () => {
    operations.list.mockResolvedValue({ items: [{ sequence: 1n, createdAt: new Date(0) }], next: 'x' });
    const { status, body } = await send('GET', '/ops/outbox/messages?state=blocked&key=a&limit=5&after=z');
    expect([status, body]).toEqual([
      200,
      { items: [{ sequence: '1', createdAt: '1970-01-01T00:00:00.000Z' }], next: 'x' },
    ]);
    expect(operations.list).toHaveBeenCalledWith({ state: 'blocked', key: 'a', limit: 5, after: 'z' });
    await send('GET', '/ops/outbox/messages');
    expect(operations.list).toHaveBeenLastCalledWith({ state: 'parked' });
  });

  it('shows a message', async () => {
    operations.show.mockResolvedValue({ id: ID, sequence: 7n });
    expect(await send('GET', `/ops/outbox/messages/${ID}`)).toEqual({
      status: 200,
      body: { id: ID, sequence: '7' },
    });
  });

  it('tells where there is none', async () => {
    operations.show.mockResolvedValue(undefined);
    expect(await send('GET', `/ops/outbox/messages/${ID}`)).toMatchObject({
      status: 404,
      body: { type: '/problems/message-not-found', messageId: ID },
    });
  });

  it('requeues a message', async () => {
    operations.requeue.mockResolvedValue([ID]);
    expect(await send('POST', `/ops/outbox/messages/${ID}/requeue`)).toEqual({
      status: 200,
      body: { requeued: [ID] },
    });
    expect(operations.requeue).toHaveBeenCalledWith([ID]);
  });

  it('drops a message, and wants to know why', async () => {
    operations.drop.mockResolvedValue([ID]);
    expect(await send('DELETE', `/ops/outbox/messages/${ID}?reason=not%20wanted`)).toEqual({
      status: 200,
      body: { dropped: [ID] },
    });
    expect(operations.drop).toHaveBeenCalledWith([ID], { reason: 'not wanted' });
    expect(await send('DELETE', `/ops/outbox/messages/${ID}`)).toMatchObject({
      status: 400,
      body: { type: '/problems/invalid-request', errors: [{ field: 'reason' }] },
    });
    expect(operations.drop).toHaveBeenCalledTimes(1);
  });

  it('replays what it is told', async () => {
    operations.replay.mockResolvedValue({ replayed: 3, more: false });
    const body = { key: 'a', from: '2026-11-22T20:00:00Z', limit: 5 };
    expect(await send('POST', '/ops/outbox/replay', { body })).toEqual({
      status: 200,
      body: { replayed: 3, more: false },
    });
    expect(operations.replay).toHaveBeenCalledWith({
      key: 'a',
      from: new Date('2026-11-22T20:00:00Z'),
      limit: 5,
    });
  });

  it.each([
    ['GET', '/ops/outbox/messages?state=lost', undefined, 'state'],
    ['GET', '/ops/outbox/messages?limit=1001', undefined, 'limit'],
    ['GET', '/ops/outbox/messages?limit=x', undefined, 'limit'],
    ['GET', '/ops/outbox/messages?key=', undefined, 'key'],
    ['POST', '/ops/outbox/replay', {}, ''],
    ['POST', '/ops/outbox/replay', { limit: 5 }, ''],
    ['POST', '/ops/outbox/replay', { from: 'yesterday' }, 'from'],
    ['POST', '/ops/outbox/replay', { key: 'a', limit: 100_001 }, 'limit'],
    ['GET', '/ops/outbox/messages/no-uuid', undefined, ''],
    ['POST', '/ops/outbox/messages/no-uuid/requeue', undefined, ''],
  ] as const)('refuses what it cannot read: %s %s %p', async (method, url, body, field) => {
    expect(await send(method, url, { body })).toMatchObject({
      status: 400,
      body: { type: '/problems/invalid-request', errors: [{ field }] },
    });
    for (const operation of Object.values(operations)) expect(operation).not.toHaveBeenCalled();
  });

  it.each([
    [new MessagesNotParkedError([ID]), 404, 'message-not-parked'],
    [new LaneGoneError([ID]), 409, 'lane-gone'],
    [new DeadLetterNotTextError(ID), 409, 'dead-letter-not-text'],
    [new Error('password=hunter2'), 500, 'internal-error'],
  ])('answers %p with a problem document', async (error, status, name) => {
    operations.requeue.mockRejectedValue(error);
    expect(await send('POST', `/ops/outbox/messages/${ID}/requeue`)).toMatchObject({
      status,
      body: { type: `/problems/${name}`, status },
    });
  });

  it('answers a cursor that is none with what is wrong', async () => {
    operations.list.mockRejectedValue(new InvalidListError('after', 'expected another'));
    expect(await send('GET', '/ops/outbox/messages?after=x')).toMatchObject({
      status: 400,
      body: { type: '/problems/invalid-request', errors: [{ field: 'after', message: 'expected another' }] },
    });
  });
});

describe('the token', () => {
  const schema = z.object(opsEnvironment);

  it('may be absent, and is kept secret', () => {
    expect(parseEnvironment(schema, {}).OUTBOX_OPS_TOKEN).toBeUndefined();
    const { OUTBOX_OPS_TOKEN: token } = parseEnvironment(schema, { OUTBOX_OPS_TOKEN: TOKEN });
    expect(token?.reveal()).toBe(TOKEN);
    expect(JSON.stringify({ token })).toBe('{"token":"***"}');
  });

  it('has 16 characters or more', () => {
    expect(parseEnvironment(schema, { OUTBOX_OPS_TOKEN: 'x'.repeat(16) }).OUTBOX_OPS_TOKEN).toBeDefined();
    expect(() => parseEnvironment(schema, { OUTBOX_OPS_TOKEN: 'x'.repeat(15) })).toThrow('OUTBOX_OPS_TOKEN');
  });
});
