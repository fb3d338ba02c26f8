import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemAccountId } from '@app/contracts';
import { RecordedLog } from '@app/nats/testing';
import { AccountsUnderTest } from '../../testing/accounts-fixture.js';
import type { EntryView } from '../ledger/entry.schema.js';
import type { Page } from '../paging/page.schema.js';
import type { AccountView } from './account.schema.js';

jest.setTimeout(30_000);

const PROBLEM_JSON = /^application\/problem\+json\b/;
const UNKNOWN_ID = '0198c9a0-0000-7000-8000-0000000000ff';
const OPENING = { owner: 'Ada', currency: 'EUR', openingBalanceMinor: '100000' };
const BANK = systemAccountId('EUR');

let bank: AccountsUnderTest;

beforeAll(async () => {
  bank = await AccountsUnderTest.start();
  RecordedLog.start();
});
afterEach(() => bank.reset());
afterAll(() => bank.stop());

const open = (body: object) => bank.request('POST', '/v1/accounts', { body });
const get = (path: string, headers: Record<string, string> = {}) =>
  bank.request('GET', `/v1/accounts${path}`, { headers });
const entriesOf = async (id: string, query = '') =>
  (await get(`/${id}/entries${query}`)).json<Page<EntryView>>();

describe('POST /v1/accounts', () => {
  it('answers 201 with the account, its Location and its ETag', async () => {
    const response = await open(OPENING);
    expect(response.status).toBe(201);
    const account = response.json<AccountView>();
    expect(account).toEqual({
      id: expect.any(String),
      owner: 'Ada',
      currency: 'EUR',
      status: 'active',
      balanceMinor: '100000',
      version: '2',
      openedAt: expect.any(String),
    });
    expect(response.headers.get('location')).toBe(`/v1/accounts/${account.id}`);
    expect(response.headers.get('etag')).toBe('"2"');
    expect((await get(`/${account.id}`)).json()).toEqual(account);
  });

  it('an opening balance is a posting like any other: its entries sum to zero', async () => {
    const { id } = (await open(OPENING)).json<AccountView>();
    expect(await entriesOf(id)).toEqual({
      items: [
        {
          id: expect.any(String),
          postingId: expect.any(String),
          kind: 'opening_balance',
          amountMinor: '100000',
          balanceAfterMinor: '100000',
          postedAt: expect.any(String),
        },
      ],
    });
    expect(
      await bank.rows('select sum(amount_minor)::int as sum, count(*)::int as count from entry'),
    ).toEqual([{ sum: 0, count: 2 }]);
    expect((await bank.account(BANK)).balanceMinor).toBe('-100000');
  });

  it('an account without an opening balance has no entry', async () => {
    const { id, balanceMinor } = (await open({ owner: 'Ada', currency: 'EUR' })).json<AccountView>();
    expect([balanceMinor, await entriesOf(id)]).toEqual(['0', { items: [] }]);
  });

  it('many accounts at once share one system account for each currency', async () => {
    const currencies = ['EUR', 'USD', 'EUR', 'USD', 'EUR', 'USD', 'EUR', 'USD'];
    const responses = await Promise.all(currencies.map((currency) => open({ ...OPENING, currency })));
    expect(responses.map(({ status }) => status)).toEqual(currencies.map(() => 201));
    expect(
      await bank.rows(`
        select currency, balance_minor::int as balance from account where kind = 'system' order by currency`),
    ).toEqual([
      { currency: 'EUR', balance: -400_000 },
      { currency: 'USD', balance: -400_000 },
    ]);
  });

  it('needs an owner where nobody is asked who they are', async () => {
    const response = await open({ currency: 'EUR' });
    expect(response.status).toBe(400);
    expect(response.json()).toMatchObject({
      type: '/problems/invalid-request',
      errors: [{ field: 'owner' }],
    });
  });

  it('a lost answer to its COMMIT is a 503 that says so', async () => {
    await bank.rows(`
      create function end_session() returns trigger language plpgsql as $$
      begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$`);
    await bank.rows(`
      create constraint trigger ends after insert on account deferrable initially deferred
      for each row execute function end_session()`);
    const response = await open({ owner: 'Ada', currency: 'EUR' });
    await bank.rows('drop function end_session cascade');
    expect([response.status, response.json<{ type: string }>().type]).toEqual([
      503,
      '/problems/outcome-unknown',
    ]);
  });
});

describe('bad input', () => {
  it.each([
    ['a negative balance', { ...OPENING, openingBalanceMinor: '-1' }],
    ['a fractional balance', { ...OPENING, openingBalanceMinor: '0.5' }],
    ['an unknown currency', { ...OPENING, currency: 'ABC' }],
    ['an owner with a zero byte', { ...OPENING, owner: 'A\u0000da' }],
    ['a kind of account that is not for sale', { ...OPENING, kind: 'system' }],
  ])('%s is refused with a problem document, and nothing is stored', async (_, body) => {
    const response = await open(body);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toMatch(PROBLEM_JSON);
    expect(await bank.rows('select id from account')).toEqual([]);
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=101', 'limit'],
    ['?cursor=garbage', 'cursor'],
    [`?cursor=${Buffer.from('"1; drop table entry"').toString('base64url')}`, 'cursor'],
    ['?offset=1', ''],
  ])('of a listing: %s', async (query, field) => {
    for (const listing of ['', `/${UNKNOWN_ID}/entries`]) {
      const response = await get(listing + query);
      expect(response.status).toBe(400);
      expect(response.json<{ errors: object[] }>().errors).toMatchObject([{ field }]);
    }
  });
});

describe('GET /v1/accounts/:id', () => {
  it('an unknown id is 404 and names it; an id that is none is 400', async () => {
    for (const path of [`/${UNKNOWN_ID}`, `/${UNKNOWN_ID}/entries`]) {
      const response = await get(path);
      expect(response.status).toBe(404);
      expect(response.json()).toMatchObject({ type: '/problems/account-not-found', accountId: UNKNOWN_ID });
    }
    expect((await get('/17')).status).toBe(400);
    expect((await get('/17/entries')).status).toBe(400);
  });

  it('takes the id in capitals too', async () => {
    const id = await bank.open('0');
    expect((await get(`/${id.toUpperCase()}`)).json<AccountView>().id).toBe(id);
  });

  it('answers 304 without a body while the version is the same, and the account when it is not', async () => {
    const [id, other] = [await bank.open('500'), await bank.open('0')];
    const tag = (await get(`/${id}`)).headers.get('etag') as string;
    const same = await get(`/${id}`, { 'if-none-match': `"0", W/${tag}` });
    expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', tag]);
    await bank.settle(id, other);
    const changed = await get(`/${id}`, { 'if-none-match': tag });
    expect([changed.status, changed.json<AccountView>().balanceMinor]).toEqual([200, '400']);
    expect(changed.headers.get('etag')).not.toBe(tag);
  });
});

describe('GET /v1/accounts/:id/entries', () => {
  it('is the newest first, with the balance after each, and says what each is of', async () => {
    const [id, other] = [await bank.open('500'), await bank.open('0')];
    await bank.settle(id, other, { transferId: UNKNOWN_ID });
    await bank.settle(BANK, id, { kind: 'deposit', amountMinor: '50' });
    const { items } = await entriesOf(id);
    expect(items).toMatchObject([
      { kind: 'deposit', amountMinor: '50', balanceAfterMinor: '450' },
      { kind: 'transfer', amountMinor: '-100', balanceAfterMinor: '400', transferId: UNKNOWN_ID },
      { kind: 'opening_balance', amountMinor: '500', balanceAfterMinor: '500' },
    ]);
  });

  it('comes in pages, each entry once, whatever is posted in between', async () => {
    const id = await bank.open('1');
    for (let n = 2; n <= 5; n++) await bank.settle(BANK, id, { kind: 'deposit', amountMinor: '1' });
    const seen: string[] = [];
    let query: string | undefined = '?limit=2';
    while (query !== undefined) {
      const page: Page<EntryView> = await entriesOf(id, query);
      seen.push(...page.items.map(({ balanceAfterMinor }) => balanceAfterMinor));
      await bank.settle(BANK, id, { kind: 'deposit', amountMinor: '1' });
      query = page.nextCursor && `?limit=2&cursor=${page.nextCursor}`;
    }
    expect(seen).toEqual(['5', '4', '3', '2', '1']);
  });
});

describe('GET /v1/accounts', () => {
  it('lists customers’ accounts, the newest first, in pages, and by owner', async () => {
    const ids: string[] = [];
    for (const owner of ['ada', 'bob', 'ada', 'bob', 'ada']) ids.unshift(await bank.open('1', { owner }));
    const first = (await get('?limit=3')).json<Page<AccountView>>();
    const second = (await get(`?limit=3&cursor=${first.nextCursor}`)).json<Page<AccountView>>();
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
    expect(second.nextCursor).toBeUndefined();
    const { items } = (await get('?owner=bob')).json<Page<AccountView>>();
    expect(items.map(({ id }) => id)).toEqual([ids[1], ids[3]]);
  });
});
