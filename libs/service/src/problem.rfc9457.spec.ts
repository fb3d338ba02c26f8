import { RecordedLog } from '@app/nats/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Module, Param, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { request, type TestRequest } from '../testing/index.js';
import { defineProblems } from './problem.catalog.js';
import { createService } from './serve.js';
import { serviceProblems } from './service.problems.js';

const coinProblems = defineProblems({
  'coin-spent': { status: 409, title: 'The coin is spent', about: 'Take another.' },
});

@Controller('coins')
class CoinsController {
  @Post()
  mint(@Body({ schema: z.object({ side: z.enum(['heads', 'tails']) }) }) coin: object): object {
    return coin;
  }

  @Get('broken')
  broken(): never {
    throw new Error('password=hunter2');
  }

  @Post(':id/spend')
  spend(@Param('id') coinId: string): never {
    throw coinProblems.of('coin-spent', { coinId, detail: `Coin ${coinId} bought a book` });
  }
}

@Module({ controllers: [CoinsController] })
class CoinsModule {}

/** One request for each way to go wrong that a caller has. */
const WRONG: readonly TestRequest[] = [
  { method: 'POST', url: '/coins/1/spend' },
  { method: 'POST', url: '/coins', body: { side: 'edge' } },
  { method: 'POST', url: '/coins', body: '{' },
  { method: 'POST', url: '/coins', body: 'heads', contentType: 'text/plain' },
  { method: 'POST', url: '/coins', body: 'x'.repeat(600_000) },
  { method: 'GET', url: '/coins' },
  { method: 'GET', url: '/nowhere' },
  { method: 'GET', url: '/coins/broken' },
];

let app: NestFastifyApplication;

beforeAll(async () => {
  RecordedLog.start();
  app = await createService(CoinsModule);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});
afterAll(() => app.close());

async function problem(wrong: TestRequest) {
  const answer = await request(app, wrong);
  return { ...answer, body: answer.body as Record<string, unknown> };
}

// The sentences are those of RFC 9457.
describe.each(WRONG.map((wrong) => [`${wrong.method} ${wrong.url}`, wrong] as const))(
  '%s',
  (_name, wrong) => {
    it('“When serialized in a JSON document, that format is identified with the "application/problem+json" media type.”', async () => {
      expect((await problem(wrong)).headers['content-type']).toMatch(/^application\/problem\+json\b/);
    });

    it('“Generators MUST use the same status code in the actual HTTP response”', async () => {
      const { status, body } = await problem(wrong);
      expect(body['status']).toBe(status);
    });

    it('“The "type" member is a JSON string containing a URI reference that identifies the problem type.”', async () => {
      const { type } = (await problem(wrong)).body;
      const name = /^\/problems\/([a-z-]+)$/.exec(String(type))?.[1];
      expect({ ...serviceProblems.kinds, ...coinProblems.kinds }).toHaveProperty([String(name)]);
    });

    it('the title: “It SHOULD NOT change from occurrence to occurrence of the problem”', async () => {
      const [one, other] = [await problem(wrong), await problem(wrong)];
      expect(one.body['title']).toEqual(expect.any(String));
      expect(other.body['title']).toBe(one.body['title']);
    });
  },
);

describe('a problem', () => {
  it('“The "detail" string, if present, ought to focus on helping the client correct the problem, rather than giving debugging information.”', async () => {
    const { text } = await problem({ method: 'GET', url: '/coins/broken' });
    expect(text).not.toMatch(/hunter2|Error|\.ts|\.js|at /);
  });

  it('tells an occurrence by its detail and its extension members, and a kind by its type and title', async () => {
    const [one, other] = await Promise.all(
      ['1', '2'].map((id) => problem({ method: 'POST', url: `/coins/${id}/spend` })),
    );
    expect(one?.body).toEqual({ ...other?.body, coinId: '1', detail: 'Coin 1 bought a book' });
  });
});
