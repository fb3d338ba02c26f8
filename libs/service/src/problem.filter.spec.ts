import { RecordedLog } from '@app/nats/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BadGatewayException, Body, ConflictException, Controller, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { rawRequest, request } from '../testing/index.js';
import { BODY_BYTES_MAX, type ServiceAdapter } from './http/service-adapter.js';
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

  @Get('by/:id')
  byId(): unknown {
    return {};
  }

  @Get('nothing')
  nothing(): never {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- what a careless dependency may do
    throw undefined;
  }
}

@Controller('ops')
class OperatorsController {
  @Get('coins')
  coins(): unknown {
    return {};
  }
}

@Module({ controllers: [CoinsController, OperatorsController] })
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
      expect(log.lines).toContainEqual(expect.stringContaining(`error Error ${body['errorId'] as string}: `));
    },
  );

  it('that is a fault stands in the log with its stack', async () => {
    await answerTo('GET', '/coins/broken');
    expect(log.lines).toContainEqual(expect.stringMatching(/password=hunter2\n +at /));
  });

  it('of the caller is not logged as a fault', async () => {
    await answerTo('GET', '/coins/held');
    expect(log.lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });
});

describe('a request that never reaches a handler', () => {
  const tooLarge = JSON.stringify({ side: 'x'.repeat(BODY_BYTES_MAX) });
  it.each([
    ['an address that does not exist', 'GET', '/nowhere', undefined, undefined, 404, 'not-found'],
    [
      'an address that cannot be decoded',
      'GET',
      '/coins/%zz',
      undefined,
      undefined,
      400,
      'malformed-request',
    ],
    [
      'an id that is far too long',
      'GET',
      `/coins/by/${'1'.repeat(101)}`,
      undefined,
      undefined,
      414,
      'address-too-long',
    ],
    ['a body that is not JSON', 'POST', '/coins', '{"side":', undefined, 400, 'malformed-request'],
    ['an empty body', 'POST', '/coins', '', undefined, 400, 'malformed-request'],
    [
      'a body that would change prototypes',
      'POST',
      '/coins',
      '{"__proto__":{}}',
      undefined,
      400,
      'malformed-request',
    ],
    ['a page as a body', 'POST', '/coins', 'heads', 'text/html', 415, 'unsupported-media-type'],
    ['a text as a body', 'POST', '/coins', 'heads', 'text/plain', 415, 'unsupported-media-type'],
    [
      'a form as a body',
      'POST',
      '/coins',
      'side=heads',
      'application/x-www-form-urlencoded',
      415,
      'unsupported-media-type',
    ],
    ['a body over the limit', 'POST', '/coins', tooLarge, undefined, 413, 'body-too-large'],
  ] as const)(
    'is answered with a problem document: %s',
    async (_case, method, url, payload, contentType, status, name) => {
      const answer = await answerTo(method, url, payload, contentType);
      expect(answer).toMatchObject({ status, type: PROBLEM, body: { type: `/problems/${name}`, status } });
    },
  );

  it('for its method is told which methods the address takes', async () => {
    const { status, headers, body } = await request(app, { method: 'DELETE', url: '/coins/by/7?side=heads' });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
    expect(body).toEqual({
      type: '/problems/method-not-allowed',
      title: 'The address does not take this method',
      status: 405,
      detail: 'Cannot DELETE /coins/by/7?side=heads',
    });
  });

  it('does not learn by its method that there is an address for operators', async () => {
    expect(await answerTo('POST', '/ops/coins')).toMatchObject({ status: 404 });
  });

  it.each([
    ['no HTTP', 'HELLO\r\n\r\n', 400, '/problems/malformed-request'],
    [
      'too many headers',
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      '/problems/headers-too-large',
    ],
  ])('is answered with a problem document before it is a request: %s', async (_case, sent, status, type) => {
    const answer = await rawRequest(app, sent);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*application/problem\\+json`));
    expect(JSON.parse(body)).toMatchObject({ status, type });
  });
});

describe('a slow request', () => {
  it('is waited for: 10 s for its headers, 30 s for all of it', () => {
    const { headersTimeout, requestTimeout } = app.getHttpServer();
    expect([headersTimeout, requestTimeout]).toEqual([10_000, 30_000]);
  });
});

describe('an answer', () => {
  it('tells browsers to load nothing and to guess no type, with a problem too', async () => {
    for (const url of ['/coins/spent', '/nowhere']) {
      const { headers } = await request(app, { method: 'GET', url });
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' });
      expect(headers['content-security-policy']).toContain("default-src 'none'");
    }
  });

  it('of a service that shuts down is 503 and the last on its connection', async () => {
    (app.getHttpAdapter() as unknown as ServiceAdapter).beforeClose();
    const { status, headers, body } = await request(app, { method: 'GET', url: '/coins/held' });
    expect([status, headers.connection]).toEqual([503, 'close']);
    expect(body).toMatchObject({ type: '/problems/shutting-down' });
  });
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
