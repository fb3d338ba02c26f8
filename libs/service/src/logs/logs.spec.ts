import { activeTrace, type CloudEvent } from '@app/nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  Controller,
  Get,
  Logger,
  Module,
  Param,
  Post,
  Res,
  type CallHandler,
  type ExecutionContext,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { channel } from 'node:diagnostics_channel';
import { lastValueFrom, of, throwError, type Observable } from 'rxjs';
import { request } from '../../testing/index.js';
import { createService } from '../serve.js';
import { MessageLog } from './message-log.js';
import { writeStructuredLog } from './structured-log.js';
import { textOf } from './text-line.js';

const ID = '0198c9a0-0000-7000-8000-0000000000aa';
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

@Controller()
class CoinsController {
  @Get('v1/coins/:id')
  get(@Param('id') id: string): unknown {
    return { id, trace: activeTrace().traceparent };
  }

  @Post('v1/coins')
  async mint(@Body() body: object, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    void reply.header('location', `/v1/coins/${ID}`);
    await new Promise(setImmediate);
    return { ...body, trace: activeTrace().traceparent };
  }

  @Get('health/live')
  live(): unknown {
    return {};
  }

  @Get('broken')
  broken(): never {
    throw new Error('it broke');
  }
}

@Module({ controllers: [CoinsController] })
class CoinsModule {}

let app: NestFastifyApplication;
const written: string[] = [];
const lines = () => written.map((line) => JSON.parse(line) as Record<string, unknown>);
const lineOf = (context: string) => lines().findLast((line) => line['context'] === context);

beforeAll(async () => {
  writeStructuredLog({ LOG_LEVEL: 'info', LOG_FORMAT: 'json' }, { write: (line) => written.push(line) });
  app = await createService(CoinsModule);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});
beforeEach(() => {
  written.length = 0;
});
afterAll(() => app.close());

describe('a request', () => {
  it('is one line: method, route, status, time, trace and what it was about', async () => {
    await request(app, {
      method: 'GET',
      url: `/v1/coins/${ID}?owner=Ada`,
      headers: { traceparent: TRACEPARENT },
    });
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        context: 'Http',
        msg: 'GET /v1/coins/:id 200',
        method: 'GET',
        route: '/v1/coins/:id',
        status: 200,
        ms: expect.any(Number),
        traceId: TRACE_ID,
        coinId: ID,
      },
    ]);
  });

  it('that makes something is about what it has made, and shows nothing of its body', async () => {
    await request(app, { method: 'POST', url: '/v1/coins', body: { owner: 'Ada', amountMinor: '123456' } });
    expect(lineOf('Http')).toMatchObject({ msg: 'POST /v1/coins 201', coinId: ID });
    expect(written.join()).not.toMatch(/Ada|123456/);
  });

  it('that is the caller’s fault is no fault here, and one that is stands there as an error', async () => {
    await request(app, { method: 'GET', url: '/nowhere' });
    expect(lineOf('Http')).toMatchObject({ level: 'info', route: 'none', status: 404 });
    const { body } = await request(app, { method: 'GET', url: '/broken' });
    expect(lineOf('Http')).toMatchObject({ level: 'error', route: '/broken', status: 500 });
    const { errorId } = body as { errorId: string };
    expect(lines().find(({ msg }) => String(msg).includes(errorId))).toMatchObject({ level: 'error' });
  });

  it('of an orchestrator leaves no line', async () => {
    await request(app, { method: 'GET', url: '/health/live' });
    expect(written).toEqual([]);
  });
});

describe('the trace of a request', () => {
  it.each(['GET', 'POST'] as const)('goes with it to the end of its handler: %s', async (method) => {
    const url = method === 'GET' ? `/v1/coins/${ID}` : '/v1/coins';
    const body = method === 'GET' ? {} : { body: {} };
    const answer = await request(app, { method, url, headers: { traceparent: TRACEPARENT }, ...body });
    expect(answer.body).toMatchObject({ trace: TRACEPARENT });
  });

  it.each([undefined, 'x', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `${TRACEPARENT}-more`])(
    'is one of its own where the caller gives none that can be read: %p',
    async (traceparent) => {
      const headers: Record<string, string> = traceparent === undefined ? {} : { traceparent };
      const traces = new Set<unknown>();
      for (let time = 0; time < 2; time += 1) {
        const { body } = await request(app, { method: 'GET', url: `/v1/coins/${ID}`, headers });
        const { trace } = body as { trace: string };
        expect(trace).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
        expect(lineOf('Http')).toMatchObject({ traceId: trace.split('-')[1] });
        traces.add(trace);
      }
      expect(traces.size).toBe(2);
    },
  );
});

describe('a message', () => {
  const event: CloudEvent = {
    specversion: '1.0',
    id: ID,
    source: '/mint',
    type: 'coin.minted',
    subject: 'c1',
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    dataschema: 'urn:coins:coin.minted:1.0',
    partitionkey: 'c1',
    traceparent: TRACEPARENT,
    data: { owner: 'Ada' },
  };
  const handle = (result: Observable<unknown>, given: CloudEvent = event) => {
    const context = { switchToRpc: () => ({ getData: () => given }) } as unknown as ExecutionContext;
    const handler: CallHandler = { handle: () => result };
    return lastValueFrom(new MessageLog().intercept(context, handler), { defaultValue: undefined });
  };

  it('is one line: type, id, what it is about, trace, outcome and time', async () => {
    await handle(of(undefined));
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        context: 'Messages',
        msg: 'coin.minted processed',
        type: 'coin.minted',
        messageId: ID,
        coinId: 'c1',
        outcome: 'processed',
        ms: expect.any(Number),
        traceId: TRACE_ID,
      },
    ]);
  });

  it('that the inbox had seen before says so', async () => {
    const again = { ...event };
    new MessageLog();
    channel('inbox.repeated').publish({ event: again });
    await handle(of(undefined), again);
    expect(lineOf('Messages')).toMatchObject({ level: 'info', outcome: 'repeated' });
  });

  it('whose handler fails is an error, and its failure goes on', async () => {
    await expect(handle(throwError(() => new RangeError('Ada has 7')))).rejects.toThrow('Ada has 7');
    expect(lineOf('Messages')).toMatchObject({ level: 'error', outcome: 'failed', reason: 'RangeError' });
    expect(written.join()).not.toContain('Ada');
  });
});

describe('the log', () => {
  it('hides what is secret, wherever it stands in a logged object', () => {
    const headers = { authorization: 'Bearer x1' };
    new Logger('Test').log({ msg: 'm', authorization: 'x1', req: { headers }, options: { password: 'x1' } });
    expect(written.join()).not.toContain('x1');
    expect(lines()).toHaveLength(1);
  });

  it('writes an error with its stack', () => {
    new Logger('Test').error(new Error('it broke'));
    expect(lines()).toMatchObject([
      { level: 'error', err: { message: 'it broke', stack: expect.stringMatching(/\n +at /) } },
    ]);
  });

  it('is one line for a person in text form', () => {
    const line = { time: 't', level: 'info', context: 'Http', msg: 'GET /x 200', status: 200, ids: ['a'] };
    expect(textOf(JSON.stringify(line))).toBe('t INFO  [Http] GET /x 200 status=200 ids=["a"]\n');
    expect(textOf(JSON.stringify({ time: 't', level: 'error', msg: 'm', err: { stack: 's' } }))).toBe(
      't ERROR m\ns\n',
    );
  });
});
