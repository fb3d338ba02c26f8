import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemAccountId } from '@app/contracts';
import { migrate, outboxMigration } from '@app/outbox';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { CreateLedger1767225600002 } from './create-ledger.migration.js';
import { LEDGER_MIGRATIONS } from './ledger.migrations.js';
import { postTransfer } from './sql/post-transfer.js';
import { readSettlement } from './sql/read-settlement.js';

jest.setTimeout(30_000);

const [SYSTEM, ADA, BOB] = [uuidv7(), uuidv7(), uuidv7()] as const;
const [OPENING, POSTED, REJECTED, BOTH] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()] as const;

/** What the service wrote before: 1.00 EUR for Ada, of which 0.30 and 0.20 go to Bob. */
const WRITTEN = `
  insert into account (id, owner, currency, kind, balance_minor) values
    ('${SYSTEM}', 'bank', 'EUR', 'system', -100), ('${ADA}', 'Ada', 'EUR', 'customer', 50),
    ('${BOB}', 'Bob', 'EUR', 'customer', 50);
  insert into posting (id, kind, transfer_id, currency) values
    ('${OPENING}', 'opening_balance', null, 'EUR'),
    ('${POSTED}', 'transfer', '${POSTED}', 'EUR'), ('${BOTH}', 'transfer', '${BOTH}', 'EUR');
  insert into entry (posting_id, account_id, amount_minor, posted_at) values
    ('${OPENING}', '${SYSTEM}', -100, now()), ('${OPENING}', '${ADA}', 100, now()),
    ('${POSTED}', '${ADA}', -30, now()), ('${POSTED}', '${BOB}', 30, now()),
    ('${BOTH}', '${ADA}', -20, now()), ('${BOTH}', '${BOB}', 20, now());
  insert into rejection (transfer_id, reason) values
    ('${REJECTED}', 'insufficient_funds'), ('${BOTH}', 'insufficient_funds')`;

let database: TestDatabase;
let dataSource: DataSource;

async function migratedWith(migrations: (new () => object)[]): Promise<DataSource> {
  const made = await new DataSource({
    type: 'postgres',
    url: database.url,
    migrations: [outboxMigration(), ...migrations],
    migrationsTransactionMode: 'each',
  }).initialize();
  await migrate(made);
  return made;
}

beforeAll(async () => {
  database = await createTestDatabase();
  const before = await migratedWith([CreateLedger1767225600002]);
  await before.query(WRITTEN);
  await before.destroy();
  dataSource = await migratedWith(LEDGER_MIGRATIONS);
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

describe('books from before', () => {
  it('have their entries on the system account that its currency names', async () => {
    expect(
      await dataSource.query(`select id, balance_minor::int as balance from account where kind = 'system'`),
    ).toEqual([{ id: systemAccountId('EUR'), balance: -100 }]);
    expect(
      await dataSource.query('select posting_id from entry where account_id = $1', [systemAccountId('EUR')]),
    ).toEqual([{ posting_id: OPENING }]);
  });

  it('have a running balance behind each entry, and an amount on each posting', async () => {
    expect(
      await dataSource.query(
        `select amount_minor::int as amount, balance_after_minor::int as balance from entry
         where account_id = $1 order by id`,
        [ADA],
      ),
    ).toEqual([
      { amount: 100, balance: 100 },
      { amount: -30, balance: 70 },
      { amount: -20, balance: 50 },
    ]);
    expect(
      await dataSource.query('select amount_minor::int as amount from posting order by amount_minor'),
    ).toEqual([{ amount: 20 }, { amount: 30 }, { amount: 100 }]);
  });

  it('say of each transfer once how it ended: what was posted was not rejected', async () => {
    expect(await readSettlement(dataSource.manager, POSTED)).toMatchObject({
      outcome: 'posted',
      debitAccountId: ADA,
      creditAccountId: BOB,
    });
    expect(await readSettlement(dataSource.manager, REJECTED)).toMatchObject({
      outcome: 'rejected',
      reason: 'insufficient_funds',
      debitAccountId: undefined,
    });
    expect(await readSettlement(dataSource.manager, BOTH)).toMatchObject({ outcome: 'posted' });
    expect(await dataSource.query('select transfer_id from rejection')).toEqual([{ transfer_id: REJECTED }]);
  });

  it('are gone on with, and stand up to every check', async () => {
    await dataSource.transaction((manager) =>
      postTransfer(manager, {
        kind: 'withdrawal',
        transferId: uuidv7(),
        requestedAt: '2026-01-02T03:04:05.678Z',
        debitAccountId: ADA,
        creditAccountId: systemAccountId('EUR'),
        amountMinor: 50n,
        currency: 'EUR',
      }),
    );
    expect(
      await dataSource.query('select balance_minor::int as balance from account where id = $1', [ADA]),
    ).toEqual([{ balance: 0 }]);
  });
});
