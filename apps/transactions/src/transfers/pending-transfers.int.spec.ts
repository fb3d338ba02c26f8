import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { TransactionsInstance } from '../../testing/transactions-service.fixture.js';
import { CREDIT, DEBIT } from '../../testing/transfers.fixture.js';

jest.setTimeout(30_000);

let database: TestDatabase;
let transactions: TransactionsInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  transactions = await TransactionsInstance.start(database, { PENDING_AGE_MAX_MS: 60_000 });
});
afterAll(async () => {
  await transactions.stop();
  await database.drop();
});

const health = async () => {
  const response = await transactions.get('/health');
  expect(response.status).toBe(200);
  return response.json<{ status: string; transfers: object }>();
};
const insert = (age: string) =>
  transactions.dataSource.query(
    `insert into transfer (id, debit_account_id, credit_account_id, amount_minor, currency, requested_at)
     values (gen_random_uuid(), $1, $2, 1, 'EUR', clock_timestamp() - $3::interval)`,
    [DEBIT, CREDIT, age],
  );

describe('a transfer that is pending', () => {
  it('for less than the age that is set is no matter', async () => {
    await insert('10 seconds');
    expect((await health()).transfers).toEqual({ status: 'up', overduePending: 0 });
  });

  it('beyond it is counted, makes health degraded, and stays pending; the service stays ready', async () => {
    await insert('1 hour');
    await insert('2 minutes');
    await transactions.dataSource.query(
      `insert into transfer (id, debit_account_id, credit_account_id, amount_minor, currency, requested_at, status,
                             settled_at)
       values (gen_random_uuid(), $1, $2, 1, 'EUR', '2026-01-01T00:00:00Z', 'posted', now())`,
      [DEBIT, CREDIT],
    );
    expect(await health()).toMatchObject({
      status: 'degraded',
      transfers: {
        status: 'degraded',
        overduePending: 2,
        problems: ['2 transfer(s) are pending for longer than 60000 ms'],
      },
    });
    expect((await transactions.get('/health/ready')).status).toBe(200);
    const { items } = (await transactions.get('/v1/transfers?status=pending&olderThan=PT60S')).json<{
      items: object[];
    }>();
    expect(items).toHaveLength(2);
  });
});
