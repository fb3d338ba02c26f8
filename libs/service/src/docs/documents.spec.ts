import { defineEvent, defineEvents } from '@app/nats';
import { RecordedLog } from '@app/nats/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Headers, Module, Param, Post, Query } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { validate } from '@readme/openapi-parser';
import { z } from 'zod';
import { request } from '../../testing/index.js';
import { Open, Scopes } from '../access/access.decorators.js';
import { Unlimited } from '../limits/rate-limit.decorators.js';
import { defineProblems } from '../problem.catalog.js';
import { createService } from '../serve.js';
import { SERVICE_NAME } from '../service-name.js';
import { asyncApiOf, eventSchemaOf } from './async-api.js';
import { errorsPage } from './errors-page.js';
import { documentOf } from './open-api.js';
import { Operation } from './operation.js';

const coin = z.strictObject({ id: z.uuid(), side: z.enum(['heads', 'tails']).default('heads') });
const coinProblems = defineProblems({
  'coin-spent': { status: 409, title: 'It is spent', about: 'Take another.' },
  'mint-closed': { status: 503, title: 'The mint is closed', about: 'Come on a Monday.' },
});

@Controller('v1/coins')
class CoinsController {
  @Post()
  @Scopes('accounts:write')
  @Operation({
    id: 'mintCoin',
    summary: 'Mints a coin',
    answers: { 201: { description: 'Minted.', schema: coin, headers: { location: 'Where it is' } } },
    problems: [[coinProblems, 'coin-spent', 'mint-closed']],
    headers: { 'idempotency-key': { description: 'The request’s own', required: true, example: '"k1"' } },
    examples: { heads: { summary: 'One that lies on tails', status: 201, body: { side: 'heads' } } },
  })
  mint(
    @Body({ schema: coin }) body: z.output<typeof coin>,
    @Headers('idempotency-key') _key: string,
    @Headers('prefer') _prefer: string,
  ): unknown {
    return body;
  }

  @Get(':id')
  @Open()
  @Unlimited()
  @Operation({
    id: 'getCoin',
    summary: 'A coin',
    answers: { 200: { description: 'It.', schema: coin }, 304: { description: 'As it was.' } },
  })
  get(
    @Param('id', { schema: z.uuid() }) id: string,
    @Query({ schema: z.strictObject({ at: z.iso.datetime().optional() }) }) _query: object,
  ): unknown {
    return { id };
  }

  @Get('secret/:id')
  @Open()
  undocumented(): unknown {
    return {};
  }
}

@Module({ controllers: [CoinsController], providers: [{ provide: SERVICE_NAME, useValue: 'coins' }] })
class CoinsModule {}

interface OperationView {
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: object;
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly content?: Readonly<
          Record<
            string,
            {
              readonly schema: {
                readonly properties: { readonly type: { readonly enum: readonly string[] } };
              };
            }
          >
        >;
      }
    >
  >;
  readonly security: readonly object[];
}

let app: NestFastifyApplication;
let document: Awaited<ReturnType<typeof documentOf>>;
const operation = (path: string, method: 'get' | 'post') =>
  document.paths[path]?.[method] as unknown as OperationView;
const problemsOf = ({ responses }: OperationView, status: string) =>
  responses[status]?.content?.['application/problem+json']?.schema.properties.type.enum;

beforeAll(async () => {
  RecordedLog.start();
  app = await createService(CoinsModule);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  document = await documentOf(app);
});
afterAll(() => app.close());

describe('the OpenAPI document', () => {
  it('is valid, and has the operations that are documented, and no others', async () => {
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true });
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(['/v1/coins', '/v1/coins/{id}']);
  });

  it('has the schemas of zod: of a body what is sent, of an answer what is answered', () => {
    const mint = operation('/v1/coins', 'post');
    const id = { type: 'string', format: 'uuid' };
    const side = { type: 'string', enum: ['heads', 'tails'], default: 'heads' };
    const shape = { type: 'object', properties: { id, side }, additionalProperties: false };
    expect(mint.requestBody).toMatchObject({
      required: true,
      content: {
        'application/json': {
          schema: { ...shape, required: ['id'] },
          examples: { heads: { summary: 'One that lies on tails (201)', value: { side: 'heads' } } },
        },
      },
    });
    expect(mint.responses['201']).toEqual({
      description: 'Minted.',
      headers: { location: { description: 'Where it is', schema: { type: 'string' } } },
      content: { 'application/json': { schema: { ...shape, required: ['id', 'side'] } } },
    });
    expect(operation('/v1/coins/{id}', 'get').responses['304']).toEqual({ description: 'As it was.' });
  });

  it('has parameters of the address, the query and the headers, each required or not', () => {
    const namesOf = ({ parameters }: OperationView) =>
      parameters.map((given) => [given.in, given.name, given.required]);
    expect(namesOf(operation('/v1/coins/{id}', 'get'))).toEqual([
      ['path', 'id', true],
      ['query', 'at', false],
    ]);
    expect(new Set(namesOf(operation('/v1/coins', 'post')))).toEqual(
      new Set([
        ['header', 'idempotency-key', true],
        ['header', 'prefer', false],
      ]),
    );
  });

  it('names every problem of an operation: its own, and those that follow from what it takes and asks for', () => {
    const mint = operation('/v1/coins', 'post');
    expect(Object.keys(mint.responses)).toEqual([
      '201',
      '400',
      '401',
      '403',
      '409',
      '413',
      '415',
      '429',
      '503',
      'default',
    ]);
    expect(problemsOf(mint, '400')).toEqual(['/problems/invalid-request', '/problems/malformed-request']);
    expect(problemsOf(mint, '409')).toEqual(['/problems/coin-spent']);
    expect(problemsOf(mint, '503')).toEqual([
      '/problems/mint-closed',
      '/problems/keys-unavailable',
      '/problems/shutting-down',
    ]);
    const get = operation('/v1/coins/{id}', 'get');
    expect(Object.keys(get.responses)).toEqual(['200', '304', '400', 'default']);
  });

  it('says which scopes an operation needs, and that an open one needs no token', () => {
    expect(operation('/v1/coins', 'post').security).toEqual([{ bearer: ['accounts:write'] }]);
    expect(operation('/v1/coins/{id}', 'get').security).toEqual([]);
  });

  it('does not come to be with a problem that its catalog does not have', async () => {
    class Wrong {
      @Get()
      @Open()
      @Operation({ id: 'wrong', summary: '', answers: {}, problems: [[coinProblems, 'coin-lost']] })
      wrong(): void {}
    }
    Controller('wrong')(Wrong);
    @Module({ controllers: [Wrong] })
    class WrongModule {}
    const wrong = await createService(WrongModule);
    await expect(documentOf(wrong, 'wrong')).rejects.toThrow(/coin-lost/);
    await wrong.close();
  });
});

describe('the served documents', () => {
  it('are the document itself, and a page that loads only what the service has', async () => {
    expect(await request(app, { method: 'GET', url: '/openapi.json' })).toMatchObject({
      status: 200,
      body: document,
    });
    const { status, headers, text } = await request(app, { method: 'GET', url: '/docs' });
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '');
    expect(loaded).toEqual([
      'data:,',
      '/docs/swagger-ui.css',
      '/docs/swagger-ui-bundle.js',
      '/docs/start.js',
    ]);
    for (const url of loaded.slice(1)) {
      const file = await request(app, { method: 'GET', url });
      expect([url, file.status]).toEqual([url, 200]);
      expect(file.headers['content-type']).toMatch(/^text\/(css|javascript); charset=utf-8$/);
      expect(file.text.length).toBeGreaterThan(50);
    }
  });
});

describe('the documents of events', () => {
  const minted = defineEvent({
    version: '1.1',
    source: '/mint',
    data: z.object({ coinId: z.string(), side: z.enum(['heads', 'tails']).default('heads') }),
    key: ({ coinId }) => coinId,
  });

  it('have a schema for each event that old events fit too: what has a default may be missing', () => {
    expect(eventSchemaOf('urn:coins', 'coin.minted', minted)).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'urn:coins:coin.minted:1.1',
      type: 'object',
      properties: {
        coinId: { type: 'string' },
        side: { type: 'string', enum: ['heads', 'tails'], default: 'heads' },
      },
      required: ['coinId'],
    });
  });

  it('have a channel for each event, with its envelope and its data', () => {
    const registry = defineEvents('urn:coins', { 'coin.minted': minted });
    expect(asyncApiOf({ registry, title: 'Coins', namespace: 'urn:coins' })).toMatchObject({
      asyncapi: '3.0.0',
      channels: { coinMinted: { address: 'coin.minted' } },
      operations: { coinMinted: { action: 'send', channel: { $ref: '#/channels/coinMinted' } } },
      components: {
        messages: {
          coinMinted: {
            payload: {
              properties: {
                source: { const: '/mint' },
                dataschema: { const: 'urn:coins:coin.minted:1.1' },
                data: { properties: { coinId: { type: 'string' } }, required: ['coinId'] },
              },
            },
          },
        },
      },
    });
  });
});

describe('the page of errors', () => {
  it('describes each problem once under its name, in their order', () => {
    const again = defineProblems({
      'coin-spent': coinProblems.kinds['coin-spent'],
      again: { status: 400, title: 'T', about: 'A' },
    });
    const page = errorsPage([coinProblems, again]);
    expect([...page.matchAll(/^## (.+)$/gm)].map(([, name]) => name)).toEqual([
      'again',
      'coin-spent',
      'mint-closed',
    ]);
    expect(page).toContain(
      '## coin-spent\n\n`/problems/coin-spent`, status 409: “It is spent”\n\nTake another.\n',
    );
    expect(page.match(/Take another/g)).toHaveLength(1);
  });
});
