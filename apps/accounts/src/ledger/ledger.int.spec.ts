import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@app/nats/testing';
import { outboxMigration, migrate } from '@app/outbox';
import { createTestDatabase, Gate, type TestDatabase } from '@app/outbox/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Account } from '../accounts/account.entity.js';
import { CreateLedger1767225600002 } from './create-ledger.migration.js';
import { Entry } from './entry.entity.js';
import { LedgerStore } from './ledger.store.js';

jest.setTimeout(30_000);

const ledger = new LedgerStore();
let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = await new DataSource({
    type: 'postgres',
    url: database.url,
    entities: [Account, Entry],
    migrations: [outboxMigration(), CreateLedger1767225600002],
    migrationsTransactionMode: 'each',
  }).initialize();
  await migrate(dataSource);
});
afterEach(() => dataSource.query('truncate account, posting, entry, rejection'));
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

async function account(): Promise<string> {
  const id = uuidv7();
  await ledger.openAccount(dataSource.manager, { id, owner: 'Ada', currency: 'EUR' });
  return id;
}

describe('the database defends the money', () => {
  it('against a customer account below zero', async () => {
    const [debitAccountId, creditAccountId] = [await account(), await account()];
    const posting = { kind: 'transfer', transferId: uuidv7(), amountMinor: 1n, currency: 'EUR' } as const;
    await expect(
      ledger.post(dataSource.manager, { ...posting, debitAccountId, creditAccountId }),
    ).rejects.toThrow('relation "account" violates check constraint');
    expect(await dataSource.query('select 1 from posting')).toEqual([]);
  });

  it('against an entry on an account that is not there', async () => {
    const system = await dataSource.transaction((manager) => ledger.lockSystemAccount(manager, 'EUR'));
    const posting = { kind: 'opening_balance', transferId: null, amountMinor: 1n, currency: 'EUR' } as const;
    await expect(
      ledger.post(dataSource.manager, { ...posting, debitAccountId: system, creditAccountId: uuidv7() }),
    ).rejects.toThrow('violates foreign key constraint');
  });

  it('against a transfer without its id, and an opening balance with one', async () => {
    const debitAccountId = await dataSource.transaction((manager) =>
      ledger.lockSystemAccount(manager, 'EUR'),
    );
    const posting = { debitAccountId, creditAccountId: await account(), amountMinor: 1n, currency: 'EUR' };
    await expect(
      ledger.post(dataSource.manager, { ...posting, kind: 'transfer', transferId: null }),
    ).rejects.toThrow('relation "posting" violates check constraint');
    await expect(
      ledger.post(dataSource.manager, { ...posting, kind: 'opening_balance', transferId: uuidv7() }),
    ).rejects.toThrow('relation "posting" violates check constraint');
  });

  it('against a second system account of a currency', async () => {
    const open = () => dataSource.transaction((manager) => ledger.lockSystemAccount(manager, 'EUR'));
    const ids = await Promise.all([open(), open(), open()]);
    expect(new Set(ids).size).toBe(1);
  });

  it('exactly: amounts beyond what a JavaScript number holds', async () => {
    const amountMinor = 9_007_199_254_740_993n;
    const creditAccountId = await account();
    await dataSource.transaction(async (manager) => {
      const debitAccountId = await ledger.lockSystemAccount(manager, 'EUR');
      const posting = { kind: 'opening_balance', transferId: null, amountMinor, currency: 'EUR' } as const;
      await ledger.post(manager, { ...posting, debitAccountId, creditAccountId });
    });
    const stored = await dataSource.manager.findOneByOrFail(Account, { id: creditAccountId });
    const entry = await dataSource.manager.findOneByOrFail(Entry, { accountId: creditAccountId });
    expect([stored.balanceMinor, entry.amountMinor]).toEqual([amountMinor, amountMinor]);
  });
});

describe('locking two accounts', () => {
  it('follows the order of their ids, in whatever order they are named', async () => {
    const [low, high] = [await account(), await account()].toSorted() as [string, string];
    const gate = new Gate();
    let held = false;
    const holder = dataSource.transaction(async (manager) => {
      await ledger.lockAccounts(manager, [low]);
      held = true;
      await gate.opened;
    });
    await eventually('the first account is held', () => held);

    const both = dataSource.transaction((manager) => ledger.lockAccounts(manager, [high, low]));
    await eventually('the other transaction waits', async () => {
      const waiting = await dataSource.query<object[]>(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return waiting.length === 1;
    });
    // It waits for the lower id, and so can't have the higher one yet.
    const free = dataSource.query<object[]>('select 1 from account where id = $1 for update skip locked', [
      high,
    ]);
    expect(await free).toHaveLength(1);
    gate.open();
    await holder;
    expect([...(await both).keys()]).toEqual([low, high]);
  });
});
