import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { FakeMessageBus, RecordedLog } from '@app/nats/testing';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { DataSource } from 'typeorm';
import { NO_BROKER, ServiceUnderTest } from '../../../../test/service-under-test.js';
import { AppModule } from '../app.module.js';
import { environmentSchema } from '../config.js';
import type { EntryView } from '../ledger/entry.schema.js';
import type { AccountView } from './account.schema.js';

jest.setTimeout(30_000);

const PROBLEM_JSON = /^application\/problem\+json\b/;
const UNKNOWN_ID = '0198c9a0-0000-7000-8000-0000000000ff';
const OPENING = { owner: 'Ada', currency: 'EUR', openingBalanceMinor: '100000' };

const bus = new FakeMessageBus();
let database: TestDatabase;
let service: ServiceUnderTest;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = environmentSchema.parse({ ...NO_BROKER, DATABASE_URL: database.url });
  service = await ServiceUnderTest.start(AppModule.for(environment), bus);
  dataSource = service.app.get(DataSource);
  RecordedLog.start();
});
afterEach(() => dataSource.query('truncate account, posting, entry'));
afterAll(async () => {
  await service.stop();
  await database.drop();
});

const open = (body: object | string) => service.post('/v1/accounts', body);
const entriesOf = async (id: string) =>
  (await service.get(`/v1/accounts/${id}/entries`)).json<{ items: EntryView[] }>().items;
const rows = async (sql: string) => dataSource.query<object[]>(sql);

describe('POST /v1/accounts', () => {
  it('answers 201 with the account and its Location', async () => {
    const response = await open(OPENING);
    expect(response.status).toBe(201);
    const account = response.json<AccountView>();
    expect(account).toMatchObject({ owner: 'Ada', currency: 'EUR', balanceMinor: '100000' });
    expect(response.headers.get('location')).toBe(`/v1/accounts/${account.id}`);
    expect((await service.get(`/v1/accounts/${account.id}`)).json()).toEqual(account);
  });

  it('an opening balance is a posting like any other: its entries sum to zero', async () => {
    const { id } = (await open(OPENING)).json<AccountView>();
    expect(await entriesOf(id)).toMatchObject([{ amountMinor: '100000' }]);
    expect(await rows('select sum(amount_minor)::int as sum, count(*)::int as count from entry')).toEqual([
      { sum: 0, count: 2 },
    ]);
    expect(await rows(`select balance_minor::int as balance from account where kind = 'system'`)).toEqual([
      { balance: -100_000 },
    ]);
  });

  it('an account without an opening balance has no entry', async () => {
    const { id, balanceMinor } = (await open({ owner: 'Ada', currency: 'EUR' })).json<AccountView>();
    expect([balanceMinor, await entriesOf(id)]).toEqual(['0', []]);
  });

  it('many accounts at once share one system account for each currency', async () => {
    const currencies = ['EUR', 'USD', 'EUR', 'USD', 'EUR', 'USD', 'EUR', 'USD'];
    const responses = await Promise.all(currencies.map((currency) => open({ ...OPENING, currency })));
    expect(responses.map(({ status }) => status)).toEqual(currencies.map(() => 201));
    expect(
      await rows(`
        select currency, balance_minor::int as balance from account where kind = 'system' order by currency`),
    ).toEqual([
      { currency: 'EUR', balance: -400_000 },
      { currency: 'USD', balance: -400_000 },
    ]);
  });
});

describe('bad input', () => {
  it.each([
    ['a negative balance', { ...OPENING, openingBalanceMinor: '-1' }],
    ['a fractional balance', { ...OPENING, openingBalanceMinor: '0.5' }],
    ['an unknown currency', { ...OPENING, currency: 'ABC' }],
    ['no owner', { currency: 'EUR' }],
    ['an owner with a zero byte', { ...OPENING, owner: 'A\u0000da' }],
    ['a kind of account that is not for sale', { ...OPENING, kind: 'system' }],
    ['a body that is not JSON', '{"owner":'],
  ])('%s is refused with a problem document, and nothing is stored', async (_, body) => {
    const response = await open(body);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toMatch(PROBLEM_JSON);
    expect(await rows('select id from account')).toEqual([]);
  });
});

describe('GET /v1/accounts', () => {
  it('an unknown id is 404 and names it; an id that is none is 400', async () => {
    for (const path of [UNKNOWN_ID, `${UNKNOWN_ID}/entries`]) {
      const response = await service.get(`/v1/accounts/${path}`);
      expect(response.status).toBe(404);
      expect(response.json()).toMatchObject({ type: '/problems/account-not-found', accountId: UNKNOWN_ID });
    }
    expect((await service.get('/v1/accounts/17')).status).toBe(400);
    expect((await service.get('/v1/accounts/17/entries')).status).toBe(400);
  });
});
