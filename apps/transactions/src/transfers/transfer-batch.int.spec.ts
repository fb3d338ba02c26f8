import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@app/nats/testing';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { by, forgetAll, TransactionsInstance } from '../../testing/transactions-service.fixture.js';
import { ORDER } from '../../testing/transfers.fixture.js';
import type { BatchView } from './transfer-batch.schema.js';

jest.setTimeout(30_000);

let database: TestDatabase;
let transactions: TransactionsInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  transactions = await TransactionsInstance.start(database);
});
afterEach(async () => {
  await forgetAll(transactions.dataSource);
  transactions.bus.clear();
});
afterAll(async () => {
  await transactions.stop();
  await database.drop();
});

const post = (body: object, headers: Record<string, string> = {}) =>
  transactions.post('/v1/transfers/batch', body, headers);
const transfers = () =>
  transactions.dataSource.query<{ id: string; amount: string; by: string | null }[]>(
    'select id, amount_minor as amount, requested_by as by from transfer order by id',
  );
const WRONG = { ...ORDER, amountMinor: '0', currency: 'ABC' };

describe('POST /v1/transfers/batch', () => {
  it('records a thousand in one transaction, and each is published', async () => {
    const orders = Array.from({ length: 1_000 }, (_, n) => ({ ...ORDER, amountMinor: String(n + 1) }));
    const response = await post({ mode: 'all', transfers: orders }, by('alice'));
    expect(response.status).toBe(202);
    const { items } = response.json<BatchView>();
    expect(items.map(({ index }) => index)).toEqual(orders.map((_, n) => n));
    const stored = await transfers();
    expect(stored).toEqual(
      items.map((item, n) => ({ id: 'id' in item && item.id, amount: String(n + 1), by: 'alice' })),
    );
    await eventually('all are published', () => transactions.bus.published.length === 1_000);
  });

  it('replays the answer of a batch under its key', async () => {
    const body = { mode: 'each', transfers: [ORDER, WRONG] };
    const key = { 'idempotency-key': 'batch' };
    const first = await post(body, key);
    const second = await post(body, key);
    expect(second.text).toBe(first.text);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await transfers()).toHaveLength(1);
    expect((await post({ ...body, mode: 'all', transfers: [ORDER] }, key)).status).toBe(422);
  });

  it('all: one order that is not valid refuses all, and names its fields', async () => {
    const response = await post({ mode: 'all', transfers: [ORDER, WRONG] });
    expect(response.status).toBe(400);
    expect(response.json()).toMatchObject({
      errors: [{ field: 'transfers.1.amountMinor' }, { field: 'transfers.1.currency' }],
    });
    expect(await transfers()).toEqual([]);
  });

  it('each: what is not valid is refused with its problem, and the others are recorded', async () => {
    const response = await post({ mode: 'each', transfers: [ORDER, WRONG, ORDER] });
    expect(response.status).toBe(202);
    expect(response.json<BatchView>()).toMatchObject({
      mode: 'each',
      items: [
        { index: 0, status: 'accepted' },
        {
          index: 1,
          status: 'refused',
          problem: {
            type: '/problems/transfer-order-invalid',
            status: 400,
            errors: [{ field: 'amountMinor' }, { field: 'currency' }],
          },
        },
        { index: 2, status: 'accepted' },
      ],
    });
    expect(await transfers()).toHaveLength(2);
  });

  it('each: where none is valid nothing but the answer is recorded', async () => {
    const key = { 'idempotency-key': 'none' };
    expect((await post({ mode: 'each', transfers: [WRONG] }, key)).status).toBe(202);
    expect(await transfers()).toEqual([]);
    expect((await post({ mode: 'each', transfers: [WRONG] }, key)).headers.has('idempotency-replayed')).toBe(
      true,
    );
  });

  it.each([
    ['no mode', { transfers: [ORDER] }],
    ['a mode that there is not', { mode: 'some', transfers: [ORDER] }],
    ['no transfers', { mode: 'all', transfers: [] }],
    ['more than a thousand', { mode: 'each', transfers: Array.from({ length: 1_001 }, () => ({})) }],
    ['an order that is no object', { mode: 'each', transfers: [1] }],
    ['an order that goes deep', { mode: 'each', transfers: [{ a: { b: {} } }] }],
  ])('%s is refused, and nothing is stored', async (_, body) => {
    expect((await post(body)).status).toBe(400);
    expect(await transfers()).toEqual([]);
  });
});
