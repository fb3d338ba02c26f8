import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { DataSource } from 'typeorm';
import { TransactionsInstance } from '../testing/transactions-service.fixture.js';
import { CREDIT, DEBIT, ORDER } from '../testing/transfers.fixture.js';
import { idempotencyKeyOf } from './idempotency/idempotency-key.js';
import { CreateTransfers1767225600001 } from './transfers/create-transfers.migration.js';
import type { TransferView } from './transfers/transfer.schema.js';
import { ANYBODY } from '@app/service';

jest.setTimeout(30_000);

const PENDING = '0198c9a0-0000-7000-8000-000000000001';
const POSTED = '0198c9a0-0000-7000-8000-000000000002';

let database: TestDatabase;
let transactions: TransactionsInstance;

/** A database as the first version leaves it: the microseconds of the clock, and a key that was used just now. */
async function fillAsBefore(): Promise<void> {
  const before = await new DataSource({
    type: 'postgres',
    url: database.url,
    migrations: [CreateTransfers1767225600001],
  }).initialize();
  await before.runMigrations();
  await before.query(
    `insert into transfer (id, debit_account_id, credit_account_id, amount_minor, currency, status, requested_at,
                           settled_at)
     values ($1, $3, $4, 1250, 'EUR', 'pending', '2026-01-02T03:04:05.678999Z', null),
            ($2, $3, $4, 1250, 'EUR', 'posted', '2026-01-01T03:04:05.678999Z', now())`,
    [PENDING, POSTED, DEBIT, CREDIT],
  );
  const { fingerprint } = idempotencyKeyOf('k', { caller: ANYBODY, path: '/v1/transfers', body: ORDER });
  await before.query(
    `insert into idempotency_record (scope, key, fingerprint, transfer_id)
     values ('POST /v1/transfers', 'k', $1, $2)`,
    [fingerprint, PENDING],
  );
  await before.destroy();
}

beforeAll(async () => {
  database = await createTestDatabase();
  await fillAsBefore();
  transactions = await TransactionsInstance.start(database);
});
afterAll(async () => {
  await transactions.stop();
  await database.drop();
});

describe('a database that the first version has filled', () => {
  it('has its transfers as they were, with the time that accounts was told', async () => {
    const transfer = (await transactions.get(`/v1/transfers/${PENDING}`)).json();
    expect(transfer).toEqual({
      id: PENDING,
      kind: 'transfer',
      ...ORDER,
      status: 'pending',
      requestedAt: '2026-01-02T03:04:05.678Z',
    });
  });

  it('replays the answers of its keys', async () => {
    const response = await transactions.post('/v1/transfers', ORDER, { 'idempotency-key': 'k' });
    expect(response.status).toBe(202);
    expect(response.headers.get('idempotency-replayed')).toBe('true');
    expect(response.headers.get('location')).toBe(`/v1/transfers/${PENDING}`);
    expect(response.json()).toEqual((await transactions.get(`/v1/transfers/${PENDING}`)).json());
    const other = { ...ORDER, amountMinor: '1' };
    expect((await transactions.post('/v1/transfers', other, { 'idempotency-key': 'k' })).status).toBe(422);
  });

  it('goes on: the pending one is settled, the posted one can be reversed', async () => {
    await transactions.postedArrives(PENDING);
    expect((await transactions.get(`/v1/transfers/${PENDING}`)).json()).toMatchObject({ status: 'posted' });
    const response = await transactions.post(`/v1/transfers/${POSTED}/reversal`, {});
    expect(response.json<TransferView>()).toMatchObject({ kind: 'reversal', reversalOf: POSTED });
  });
});
