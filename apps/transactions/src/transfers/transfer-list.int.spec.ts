import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { by, forgetAll, TransactionsInstance } from '../../testing/transactions-service.fixture.js';
import { CREDIT, DEBIT, ORDER, UNKNOWN_ID } from '../../testing/transfers.fixture.js';
import type { TransferPage } from './transfer-list.schema.js';

jest.setTimeout(30_000);

let database: TestDatabase;
let transactions: TransactionsInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  transactions = await TransactionsInstance.start(database);
});
afterEach(() => forgetAll(transactions.dataSource));
afterAll(async () => {
  await transactions.stop();
  await database.drop();
});

const list = async (query = '', headers: Record<string, string> = {}) =>
  (await transactions.get(`/v1/transfers${query}`, headers)).json<TransferPage>();
const idsOf = ({ items }: TransferPage) => items.map(({ id }) => id);
async function orders(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.unshift(await transactions.order());
  return ids;
}
/** Many of one and the same time: their ids alone keep them apart. */
const insert = (count: number, requestedAt: string) =>
  transactions.dataSource.query(
    `insert into transfer (id, debit_account_id, credit_account_id, amount_minor, currency, requested_at)
     select gen_random_uuid(), $1, $2, 1, 'EUR', $4 from generate_series(1, $3)`,
    [DEBIT, CREDIT, count, requestedAt],
  );
async function walk(query: string): Promise<string[]> {
  const ids: string[] = [];
  for (let page = await list(query); ; page = await list(`${query}&cursor=${page.nextCursor}`)) {
    ids.push(...idsOf(page));
    if (page.nextCursor === undefined) return ids;
  }
}

describe('GET /v1/transfers', () => {
  it('lists the newest first, fifty to a page unless it is told otherwise', async () => {
    const ids = await orders(3);
    expect(await list()).toEqual({ items: expect.any(Array) });
    expect(idsOf(await list())).toEqual(ids);
    await insert(60, '2026-01-01T00:00:00Z');
    expect((await list()).items).toHaveLength(50);
    expect((await list('?limit=2')).items).toHaveLength(2);
  });

  it.each(['', `&account=${DEBIT}`, `&account=${CREDIT}`, '&status=pending'])(
    'page by page every transfer comes once, of one time too (%s)',
    async (filter) => {
      await insert(25, '2026-01-01T00:00:00Z');
      await orders(2);
      const ids = await walk(`?limit=7${filter}`);
      expect(ids).toHaveLength(27);
      expect(new Set(ids).size).toBe(27);
    },
  );

  it('a page of as many as there are is the last', async () => {
    await insert(4, '2026-01-01T00:00:00Z');
    expect(await list('?limit=4')).not.toHaveProperty('nextCursor');
  });

  it('is stable: what is recorded meanwhile moves nothing on the later pages', async () => {
    const ids = await orders(4);
    const first = await list('?limit=2');
    await orders(3);
    expect(idsOf(first)).toEqual(ids.slice(0, 2));
    expect(idsOf(await list(`?limit=2&cursor=${first.nextCursor}`))).toEqual(ids.slice(2));
  });

  it('is narrowed by account, on either side', async () => {
    const [toCredit] = await orders(1);
    const back = { ...ORDER, debitAccountId: CREDIT, creditAccountId: UNKNOWN_ID };
    const fromCredit = await transactions.order(back);
    expect(idsOf(await list(`?account=${CREDIT.toUpperCase()}`))).toEqual([fromCredit, toCredit]);
    expect(idsOf(await list(`?account=${DEBIT}`))).toEqual([toCredit]);
    expect(idsOf(await list(`?account=${UNKNOWN_ID}`))).toEqual([fromCredit]);
  });

  it('is narrowed by status, by time of request and by age', async () => {
    await insert(1, '2026-01-01T10:00:00Z');
    await insert(1, '2026-01-02T10:00:00Z');
    const [young] = await orders(1);
    const posted = await transactions.order();
    await transactions.postedArrives(posted);
    expect(idsOf(await list('?status=posted'))).toEqual([posted]);
    expect((await list('?status=pending')).items).toHaveLength(3);
    expect((await list('?from=2026-01-01T10:00:00Z&to=2026-01-02T10:00:00Z')).items).toMatchObject([
      { requestedAt: '2026-01-01T10:00:00.000Z' },
    ]);
    expect((await list('?from=2026-01-02T11:00:00%2B01:00&to=2026-01-03T00:00:00Z')).items).toHaveLength(1);
    expect((await list('?status=pending&olderThan=PT1H')).items).toHaveLength(2);
    expect(idsOf(await list('?status=pending&olderThan=PT0S'))).toContain(young);
    expect((await list('?olderThan=P9999D')).items).toEqual([]);
  });

  it('shows a caller what it has ordered, and the bank all', async () => {
    const answer = await transactions.post('/v1/transfers', ORDER, by('alice'));
    const { id } = answer.json<{ id: string }>();
    await transactions.post('/v1/transfers', ORDER, by('bob'));
    for (const filter of ['', `?account=${DEBIT}`]) {
      expect(idsOf(await list(filter, by('alice')))).toEqual([id]);
      expect((await list(filter, by('carol'))).items).toEqual([]);
      expect((await list(filter)).items).toHaveLength(2);
    }
  });

  const garbage = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url');

  it.each([
    ['cursor', 'cursor=garbage'],
    ['cursor', 'cursor='],
    ['cursor', `cursor=${garbage(['2026-01-01T00:00:00.000Z', 'x'])}`],
    ['cursor', `cursor=${garbage(['yesterday', UNKNOWN_ID])}`],
    ['cursor', `cursor=${garbage({})}`],
    ['cursor', 'cursor=%00'],
    ['limit', 'limit=0'],
    ['limit', 'limit=101'],
    ['limit', 'limit=1.5'],
    ['account', 'account=17'],
    ['status', 'status=lost'],
    ['from', 'from=yesterday'],
    ['to', 'to=2026-02-30T00:00:00Z'],
    ['from', 'from=0000-01-01T00:00:00Z'],
    ['to', 'to=9999-12-31T23:59:59-10:00'],
    ['olderThan', 'olderThan=30'],
    ['olderThan', 'olderThan=P'],
    ['olderThan', 'olderThan=PT'],
    ['olderThan', 'olderThan=P1Y'],
    ['status', 'status=pending&status=posted'],
  ])('a wrong %s is refused and named: ?%s', async (field, query) => {
    const response = await transactions.get(`/v1/transfers?${query}`);
    expect(response.status).toBe(400);
    expect(response.json()).toMatchObject({ type: '/problems/invalid-request', errors: [{ field }] });
  });

  it('a parameter that nobody knows is refused', async () => {
    expect((await transactions.get('/v1/transfers?page=2')).status).toBe(400);
  });
});
