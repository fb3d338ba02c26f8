import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bankEvents } from '@app/contracts';
import { eventually, FakeMessageBus, RecordedLog } from '@app/nats/testing';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { createService } from '@app/service';
import { DataSource } from 'typeorm';
import { NO_BROKER, ServiceUnderTest } from '../../../../test/service-under-test.js';
import { forgetAll } from '../../testing/transactions-service.fixture.js';
import { AppModule } from '../app.module.js';
import { environmentSchema } from '../config.js';
import type { TransferView } from './transfer.schema.js';

jest.setTimeout(30_000);

const DEBIT = '0198c9a0-0000-7000-8000-00000000000a';
const CREDIT = '0198c9a0-0000-7000-8000-00000000000b';
const ORDER = { debitAccountId: DEBIT, creditAccountId: CREDIT, amountMinor: '1250', currency: 'EUR' };
const UNKNOWN_ID = '0198c9a0-0000-7000-8000-0000000000ff';

const PROBLEM_JSON = /^application\/problem\+json\b/;

const bus = new FakeMessageBus();
let database: TestDatabase;
let service: ServiceUnderTest;
let dataSource: DataSource;
let log: RecordedLog;

const environment = (settings: object = {}) =>
  environmentSchema.parse({ ...NO_BROKER, DATABASE_URL: database.url, ...settings });

beforeAll(async () => {
  database = await createTestDatabase();
  service = await ServiceUnderTest.start(AppModule.for(environment()), bus);
  dataSource = service.app.get(DataSource);
  log = RecordedLog.start();
});
afterEach(async () => {
  await forgetAll(dataSource);
  bus.answerWith('acknowledge');
  bus.clear();
  log.lines.length = 0;
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const KEY = { 'idempotency-key': 'k' };
const post = (body: object | string, headers: Record<string, string> = KEY) =>
  service.post('/v1/transfers', body, headers);
const get = (path: string) => service.get(path);
const stored = async () => {
  const [row] = await dataSource.query<[{ transfers: number; records: number; events: number }]>(`
    select (select count(*)::int from transfer) as transfers,
           (select count(*)::int from idempotency_record) as records,
           (select count(*)::int from outbox_message) as events`);
  return row;
};
const NOTHING = { transfers: 0, records: 0, events: 0 };
const ONE_OF_EACH = { transfers: 1, records: 1, events: 1 };
const published = (channel: string) => bus.published.filter((publish) => publish.channel === channel);

describe('POST /v1/transfers', () => {
  it('answers 202 with the pending transfer and its Location', async () => {
    const response = await post(ORDER);
    expect(response.status).toBe(202);
    const transfer = response.json<TransferView>();
    expect(transfer).toMatchObject({ ...ORDER, status: 'pending' });
    expect(response.headers.get('location')).toBe(`/v1/transfers/${transfer.id}`);
    expect((await get(`/v1/transfers/${transfer.id}`)).json()).toEqual(transfer);
    expect(await stored()).toEqual(ONE_OF_EACH);
  });

  it('the relay publishes one event that says what is stored', async () => {
    const transfer = (await post(ORDER)).json<TransferView>();
    await eventually('the event is published', () => published('transfer.requested').length === 1);
    const event = bankEvents.decode('transfer.requested', bus.published[0]!.payload);
    const { id, debitAccountId, creditAccountId, amountMinor, currency, requestedAt } = transfer;
    expect(event.data).toEqual({
      transferId: id,
      debitAccountId,
      creditAccountId,
      amountMinor,
      currency,
      requestedAt,
      kind: 'transfer',
      authority: 'bank',
    });
    expect(Number(event.sequence)).toBe(1);
  });

  it('stores account ids as the database writes them, however they were sent', async () => {
    const response = await post({ ...ORDER, debitAccountId: DEBIT.toUpperCase() });
    expect(response.json<TransferView>().debitAccountId).toBe(DEBIT);
    await eventually('the event is published', () => published('transfer.requested').length === 1);
    expect(JSON.parse(bus.published[0]!.payload)).toMatchObject({ partitionkey: DEBIT });
  });

  it('takes transfers while the broker is away', async () => {
    bus.answerWith('not-connected');
    expect((await post(ORDER)).status).toBe(202);
    expect(bus.published).toEqual([]);
    bus.answerWith('acknowledge');
    await eventually('the event is published', () => bus.published.length === 1);
  });

  it('another key is another transfer', async () => {
    await post(ORDER);
    await post(ORDER, { 'idempotency-key': 'another' });
    expect(await stored()).toEqual({ transfers: 2, records: 2, events: 2 });
  });
});

describe('bad input', () => {
  it.each([
    ['a negative amount', { ...ORDER, amountMinor: '-1' }, 400],
    ['a fractional amount', { ...ORDER, amountMinor: '12.5' }, 400],
    ['an amount of zero', { ...ORDER, amountMinor: '0' }, 400],
    ['the same account on both sides', { ...ORDER, creditAccountId: DEBIT }, 400],
    ['an unknown currency', { ...ORDER, currency: 'ABC' }, 400],
    ['no body', '', 400],
    ['a body that is not JSON', '{"debitAccountId":', 400],
    ['a body that is no object', '[]', 400],
    ['a body that reaches for prototypes', '{"__proto__": {"currency": "EUR"}}', 400],
  ])('%s is refused with a problem document, and nothing is stored', async (_, body, status) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(PROBLEM_JSON);
    expect(response.json()).toMatchObject({ status });
    expect(await stored()).toEqual(NOTHING);
  });

  it('a problem document names every wrong field', async () => {
    const response = await post({ ...ORDER, amountMinor: '-1', currency: 'ABC' });
    expect(response.json()).toMatchObject({
      type: '/problems/invalid-request',
      errors: [{ field: 'amountMinor' }, { field: 'currency' }],
    });
  });

  it('a body of another media type is refused with 415', async () => {
    const response = await post('amount=1', { ...KEY, 'content-type': 'text/csv' });
    expect(response.status).toBe(415);
    expect(response.headers.get('content-type')).toMatch(PROBLEM_JSON);
  });

  it.each([
    ['a missing key', {}, '/problems/idempotency-key-missing'],
    ['an empty key', { 'idempotency-key': '' }, '/problems/idempotency-key-missing'],
    ['a key with a space', { 'idempotency-key': 'a b' }, '/problems/idempotency-key-invalid'],
  ])('%s is refused, and nothing is stored', async (_, headers: Record<string, string>, type) => {
    const response = await post(ORDER, headers);
    expect(response.status).toBe(400);
    expect(response.json()).toMatchObject({ type });
    expect(await stored()).toEqual(NOTHING);
  });

  it('a body over the limit is refused with 413, and nothing is stored', async () => {
    // As it is in production, limit included; that it finds no broker is no matter here.
    const real = await ServiceUnderTest.of(await createService(AppModule.for(environment())));
    const send = (noteLength: number) =>
      real.post('/v1/transfers', { ...ORDER, note: 'x'.repeat(noteLength) }, KEY);
    try {
      // Just under the limit it is read, as far as its unknown field.
      expect((await send(524_000)).status).toBe(400);
      const response = await send(524_288);
      expect(response.status).toBe(413);
      expect(response.headers.get('content-type')).toMatch(PROBLEM_JSON);
      expect(await stored()).toEqual(NOTHING);
    } finally {
      await real.stop();
    }
  });
});

describe('GET /v1/transfers', () => {
  it('an unknown id is 404 and names it; an id that is none is 400', async () => {
    const response = await get(`/v1/transfers/${UNKNOWN_ID}`);
    expect(response.status).toBe(404);
    expect(response.json()).toMatchObject({ type: '/problems/transfer-not-found', transferId: UNKNOWN_ID });
    expect((await get('/v1/transfers/17')).status).toBe(400);
  });

  it('a path that nobody serves is a problem document too', async () => {
    const response = await get('/v2/transfers');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toMatch(PROBLEM_JSON);
  });
});

describe('health', () => {
  it('the process lives, and is ready while its database answers, broker or not', async () => {
    bus.answerWith('not-connected');
    expect((await get('/health/live')).json()).toEqual({ status: 'up' });
    expect((await get('/health/ready')).json()).toMatchObject({
      status: 'up',
      nats: { status: 'degraded', state: 'not connected' },
      outbox: { status: 'up', pendingMessages: 0 },
    });
  });

  it('is not ready while its database does not answer', async () => {
    const query = jest.spyOn(dataSource, 'query').mockRejectedValue(new Error('secret detail'));
    const response = await get('/health/ready');
    query.mockRestore();
    expect(response.status).toBe(503);
    expect(response.json()).toMatchObject({ type: '/problems/not-ready' });
    expect(response.text).not.toContain('secret');
  });
});

describe('a fault of the service itself', () => {
  it('is answered with 500 and an id that is in the log, and with nothing else', async () => {
    const find = jest
      .spyOn(dataSource.manager, 'findOneBy')
      .mockRejectedValueOnce(new Error('secret detail'));
    const response = await get(`/v1/transfers/${UNKNOWN_ID}`);
    find.mockRestore();
    expect(response.status).toBe(500);
    const { errorId } = response.json<{ errorId: string }>();
    expect(response.text).not.toContain('secret');
    expect(log.lines.join('\n')).toContain(errorId);
    expect(log.lines.join('\n')).toContain('secret detail');
  });
});
