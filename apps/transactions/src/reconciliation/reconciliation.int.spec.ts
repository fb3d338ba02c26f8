import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { forgetAll, TransactionsInstance } from '../../testing/transactions-service.fixture.js';
import { CREDIT, DEBIT } from '../../testing/transfers.fixture.js';
import { reconciliationSchema, type Reconciliation } from './reconciliation.schema.js';

jest.setTimeout(30_000);

const LAG_MS = 60_000;
const NONE = { count: 0, amountMinor: '0' };

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

const reconcile = async (query = '') => {
  const response = await transactions.get(`/v1/reconciliation${query}`);
  expect(response.status).toBe(200);
  return reconciliationSchema.parse(response.json<Reconciliation>());
};
const insert = (status: string, amount: string, { currency = 'EUR', at = '2026-01-01T12:00:00Z' } = {}) =>
  transactions.dataSource.query(
    `insert into transfer (id, debit_account_id, credit_account_id, amount_minor, currency, requested_at,
                           status, rejection_reason, settled_at)
     values (gen_random_uuid(), $1, $2, $3, $4, $5, $6,
             case when $6 = 'rejected' then 'insufficient_funds' end, case when $6 <> 'pending' then now() end)`,
    [DEBIT, CREDIT, amount, currency, at, status],
  );

describe('GET /v1/reconciliation', () => {
  it('counts and sums by currency, each digit of it', async () => {
    await insert('posted', '999999999999999');
    await insert('posted', '999999999999999');
    await insert('rejected', '7');
    await insert('pending', '8');
    await insert('posted', '5', { currency: 'JPY' });
    expect((await reconcile()).currencies).toEqual([
      {
        currency: 'EUR',
        posted: { count: 2, amountMinor: '1999999999999998' },
        rejected: { count: 1, amountMinor: '7' },
        pending: { count: 1, amountMinor: '8' },
      },
      { currency: 'JPY', posted: { count: 1, amountMinor: '5' }, rejected: NONE, pending: NONE },
    ]);
  });

  it('takes the transfers requested from the start on and before the end', async () => {
    for (const at of ['2026-01-01T00:00:00Z', '2026-01-01T12:00:00Z', '2026-01-02T00:00:00Z']) {
      await insert('posted', '1', { at });
    }
    const { currencies, ...span } = await reconcile('?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z');
    expect(currencies).toMatchObject([{ posted: { count: 2 } }]);
    expect(span).toMatchObject({
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-02T00:00:00.000Z',
      closed: true,
    });
  });

  it('is closed up to the lag behind the clock, and ends there unless it is told otherwise', async () => {
    await transactions.order();
    const byDefault = await reconcile();
    expect(byDefault).toMatchObject({ to: byDefault.closedUntil, closed: true, currencies: [] });
    const [{ now }] = await transactions.dataSource.query<[{ now: Date }]>('select clock_timestamp() as now');
    const lag = now.getTime() - Date.parse(byDefault.closedUntil);
    expect(lag).toBeGreaterThanOrEqual(LAG_MS);
    expect(lag).toBeLessThan(LAG_MS + 10_000);
    const open = await reconcile(`?to=${new Date(now.getTime() + 1_000).toISOString()}`);
    expect(open).toMatchObject({ closed: false, currencies: [{ pending: { count: 1 } }] });
  });

  it.each(['from=yesterday', 'to=1', 'since=2026-01-01T00:00:00Z'])('refuses ?%s', async (query) => {
    expect((await transactions.get(`/v1/reconciliation?${query}`)).status).toBe(400);
  });
});
