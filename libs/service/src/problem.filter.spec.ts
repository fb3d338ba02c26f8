import { RecordedLog } from '@app/nats/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BadGatewayException, Body, ConflictException, Controller, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { request } from '../testing/index.js';
import { ProblemException, problemType } from './problem.js';
import { createService } from './serve.js';

const coin = z.object({ side: z.enum(['heads', 'tails']), owner: z.object({ name: z.string().min(1) }) });

@Controller('coins')
class CoinsController {
  @Post()
  mint(@Body({ schema: coin }) body: z.output<typeof coin>): unknown {
    return body;
  }

  @Get('spent')
  spent(): never {
    throw new ProblemException({
      type: problemType('coin-spent'),
      title: 'It is spent',
      status: 409,
      coinId: 'c1',
    });
  }

  @Get('held')
  held(): never {
    throw new ConflictException('Somebody holds it');
  }

  @Get('broken')
  broken(): never {
    throw new Error('password=hunter2');
  }

  @Get('elsewhere')
  elsewhere(): never {
    throw new BadGatewayException('password=hunter2');
  }

  @Get('dependency')
  dependency(): never {
    throw Object.assign(new Error('password=hunter2'), { statusCode: 404 });
  }

  @Get('nothing')
  nothing(): never {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- what a careless dependency may do
    throw undefined;
  }
}

@Module({ controllers: [CoinsController] })
class CoinsModule {}

let app: NestFastifyApplication;
let log: RecordedLog;

beforeEach(async () => {
  log = RecordedLog.start();
  app = await createService(CoinsModule);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});

afterEach(() => app.close());

const PROBLEM = 'application/problem+json; charset=utf-8';

async function answerTo(
  method: 'GET' | 'POST',
  url: string,
  body?: string,
  contentType = 'application/json',
) {
  const answer = await request(app, { method, url, contentType, ...(body === undefined ? {} : { body }) });
  return {
    status: answer.status,
    type: answer.headers['content-type'],
    body: answer.body as Record<string, unknown>,
  };
}

describe('an error', () => {
  it('that is a problem is answered with its document', async () => {
    expect(await answerTo('GET', '/coins/spent')).toEqual({
      status: 409,
      type: PROBLEM,
      body: { type: '/problems/coin-spent', title: 'It is spent', status: 409, coinId: 'c1' },
    });
  });

  it('of the caller that is not described further has the status as its title', async () => {
    expect(await answerTo('GET', '/coins/held')).toEqual({
      status: 409,
      type: PROBLEM,
      body: { type: 'about:blank', title: 'Conflict', status: 409, detail: 'Somebody holds it' },
    });
  });

  it.each(['broken', 'elsewhere', 'dependency', 'nothing'])(
    'that is a fault tells an id and nothing else: %s',
    async (url) => {
      const { status, type, body } = await answerTo('GET', `/coins/${url}`);
      expect([status, type]).toEqual([500, PROBLEM]);
      expect(body).toEqual({
        type: '/problems/internal-error',
        title: 'The service failed',
        status: 500,
        errorId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(log.lines.at(-1)).toContain(`error Error ${body['errorId'] as string}: `);
    },
  );

  it('that is a fault stands in the log with its stack', async () => {
    await answerTo('GET', '/coins/broken');
    expect(log.lines.at(-1)).toMatch(/password=hunter2\n +at /);
  });

  it('of the caller is not logged as a fault', async () => {
    await answerTo('GET', '/coins/held');
    expect(log.lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });
});

describe('a request that cannot be read', () => {
  it.each([
    ['an address that does not exist', 'GET', '/nowhere', undefined, undefined, 404],
    ['an address that cannot be decoded', 'GET', '/coins/%zz', undefined, undefined, 400],
    ['a body that is not JSON', 'POST', '/coins', '{"side":', undefined, 400],
    ['an empty body', 'POST', '/coins', '', undefined, 400],
    ['a body that is not declared as JSON', 'POST', '/coins', 'heads', 'text/html', 415],
    ['a body over the limit', 'POST', '/coins', JSON.stringify({ side: 'x'.repeat(20_000) }), undefined, 413],
  ] as const)(
    'is answered with a problem document: %s',
    async (_case, method, url, payload, contentType, status) => {
      const answer = await answerTo(method, url, payload, contentType);
      expect(answer).toMatchObject({ status, type: PROBLEM, body: { status } });
    },
  );
});

describe('a body', () => {
  it('that fits its schema reaches the handler, without fields that the schema does not know', async () => {
    const answer = await answerTo('POST', '/coins', '{"side":"heads","owner":{"name":"Ada"},"extra":1}');
    expect(answer).toMatchObject({ status: 201, body: { side: 'heads', owner: { name: 'Ada' } } });
    expect(answer.body).not.toHaveProperty('extra');
  });

  it('that does not fit is refused, naming every wrong field', async () => {
    expect(await answerTo('POST', '/coins', '{"side":"edge","owner":{"name":""}}')).toEqual({
      status: 400,
      type: PROBLEM,
      body: {
        type: '/problems/invalid-request',
        title: 'The request is not valid',
        status: 400,
        errors: [
          { field: 'side', message: expect.any(String) },
          { field: 'owner.name', message: expect.any(String) },
        ],
      },
    });
  });

  it.each(['[]', 'null', '"heads"', '7'])('%s is refused', async (payload) => {
    expect(await answerTo('POST', '/coins', payload)).toMatchObject({ status: 400, type: PROBLEM });
  });
});
