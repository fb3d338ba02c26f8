import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemAccountId } from '@app/contracts';
import { eventually } from '@app/nats/testing';
import { migrate, outboxMigration } from '@app/outbox';
import { createTestDatabase, Gate, type TestDatabase } from '@app/outbox/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { emptyLedger } from '../../testing/empty-ledger.js';
import { openAccount } from '../accounts/sql/open-account.js';
import { LEDGER_MIGRATIONS } from './ledger.migrations.js';
import { lockAccounts } from './sql/lock-accounts.js';
import { openSystemAccount } from './sql/open-system-account.js';
import { postTransfer, type NewPosting } from './sql/post-transfer.js';
import { rejectTransfer } from './sql/reject-transfer.js';

jest.setTimeout(30_000);

const BANK = systemAccountId('EUR');
let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = await new DataSource({
    type: 'postgres',
    url: database.url,
    migrations: [outboxMigration(), ...LEDGER_MIGRATIONS],
    migrationsTransactionMode: 'each',
  }).initialize();
  await migrate(dataSource);
});
afterEach(() => emptyLedger(dataSource));
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

async function account(currency = 'EUR'): Promise<string> {
  return (await openAccount(dataSource.manager, { owner: 'ada', currency })).id;
}

const post = (posting: Partial<NewPosting>) =>
  dataSource.transaction((manager) =>
    postTransfer(manager, {
      kind: 'transfer',
      transferId: uuidv7(),
      requestedAt: '2026-01-02T03:04:05.678Z',
      debitAccountId: BANK,
      creditAccountId: BANK,
      amountMinor: 100n,
      currency: 'EUR',
      ...posting,
    }),
  );

/** An account with 1.00 EUR, by a posting like any other. */
async function funded(): Promise<{ readonly id: string; readonly transferId: string }> {
  await openSystemAccount(dataSource.manager, 'EUR');
  const [id, transferId] = [await account(), uuidv7()];
  await post({ kind: 'deposit', transferId, creditAccountId: id });
  return { id, transferId };
}

/** Everything in one transaction, so that a check at the commit sees it whole. */
const attack = (...statements: string[]) =>
  dataSource.transaction(async (manager) => {
    for (const statement of statements) await manager.query(statement);
  });

const posting = (id: string, change = `'EUR', 100`) =>
  `insert into posting (id, kind, currency, amount_minor) values ('${id}', 'opening_balance', ${change})`;
const entry = (postingId: string, accountId: string, amount: number, after: number) =>
  `insert into entry (posting_id, account_id, amount_minor, balance_after_minor, posted_at)
   values ('${postingId}', '${accountId}', ${amount}, ${after}, now())`;
const balance = (accountId: string, minor: number) =>
  `update account set balance_minor = ${minor} where id = '${accountId}'`;

describe('the database defends the money against plain SQL', () => {
  it.each(['posting', 'entry', 'rejection', 'settlement'])('%s is append only', async (table) => {
    await funded();
    await rejectTransfer(dataSource.manager, {
      transferId: uuidv7(),
      reason: 'account_not_found',
      requestedAt: '2026-01-02T03:04:05.678Z',
      debitAccountId: uuidv7(),
      creditAccountId: uuidv7(),
      amountMinor: 1n,
      currency: 'EUR',
    });
    const refused = 'The ledger is append only';
    const column = table === 'posting' || table === 'entry' ? 'posting_id' : 'transfer_id';
    const set = table === 'posting' ? 'currency = currency' : `${column} = ${column}`;
    await expect(dataSource.query(`update ${table} set ${set}`)).rejects.toThrow(refused);
    await expect(dataSource.query(`delete from ${table}`)).rejects.toThrow(refused);
    await expect(dataSource.query(`truncate ${table} cascade`)).rejects.toThrow(refused);
  });

  it('a balance does not change without an entry, nor does an account open with one', async () => {
    const { id } = await funded();
    await expect(attack(balance(id, 101))).rejects.toThrow('is not that of its entries');
    await expect(
      attack(
        `insert into account (id, owner, currency, balance_minor) values ('${uuidv7()}', 'eve', 'EUR', 1)`,
      ),
    ).rejects.toThrow('is not that of its entries');
    await expect(attack('truncate account cascade')).rejects.toThrow('The ledger is append only');
    await expect(attack(`delete from account where id = '${id}'`)).rejects.toThrow('entry_account_id_fkey');
  });

  it('a posting without entries, with one, or with three is refused', async () => {
    const [{ id }, other, third, made] = [await funded(), await account(), await account(), uuidv7()];
    const refused = 'is not two entries of its amount and currency that sum to zero';
    await expect(attack(posting(made))).rejects.toThrow(refused);
    await expect(attack(posting(made), entry(made, id, 100, 200), balance(id, 200))).rejects.toThrow(refused);
    await expect(
      attack(
        posting(made),
        ...[entry(made, id, -100, 0), entry(made, other, 100, 100), entry(made, third, 0 + 50, 50)],
        ...[balance(id, 0), balance(other, 100), balance(third, 50)],
      ),
    ).rejects.toThrow(refused);
  });

  it('a third entry is not added to a posting later', async () => {
    const { id } = await funded();
    const other = await account();
    const [old] = await dataSource.query<[{ id: string }]>('select id from posting');
    await expect(attack(entry(old.id, other, 50, 50), balance(other, 50))).rejects.toThrow(
      'is not two entries',
    );
    await expect(attack(entry(old.id, id, 50, 150), balance(id, 150))).rejects.toThrow(
      'entry_posting_id_account_id_key',
    );
  });

  it('entries that do not sum to zero, or are not of the posting’s amount, are refused', async () => {
    const [{ id }, other, made] = [await funded(), await account(), uuidv7()];
    const move = (out: number, into: number) => [
      ...[entry(made, id, -out, 100 - out), entry(made, other, into, into)],
      ...[balance(id, 100 - out), balance(other, into)],
    ];
    await expect(attack(posting(made), ...move(99, 100))).rejects.toThrow('is not two entries');
    await expect(attack(posting(made), ...move(50, 50))).rejects.toThrow('is not two entries');
    await attack(posting(made), ...move(100, 100));
  });

  it('an entry on an account of another currency is refused', async () => {
    const [{ id }, dollars, made] = [await funded(), await account('USD'), uuidv7()];
    const moved = [entry(made, id, -100, 0), entry(made, dollars, 100, 100)];
    await expect(attack(posting(made), ...moved, balance(id, 0), balance(dollars, 100))).rejects.toThrow(
      'is not two entries of its amount and currency',
    );
  });

  it('an entry that does not continue the running balance is refused, even in between', async () => {
    const [{ id }, other, made] = [await funded(), await account(), uuidv7()];
    await expect(
      attack(
        posting(made),
        ...[entry(made, id, -100, 1), entry(made, other, 100, 100)],
        ...[balance(id, 1), balance(other, 100)],
      ),
    ).rejects.toThrow('does not continue the running balance');
    const between = `insert into entry (id, posting_id, account_id, amount_minor, balance_after_minor, posted_at)
      overriding system value values (-1, '${made}', '${id}', -100, -100, now())`;
    await expect(
      attack(posting(made), between, entry(made, other, 100, 100), balance(other, 100)),
    ).rejects.toThrow('does not continue the running balance');
  });

  it('an entry without the balance that goes with it is refused', async () => {
    const [{ id }, other, made] = [await funded(), await account(), uuidv7()];
    await expect(
      attack(posting(made), entry(made, id, -100, 0), entry(made, other, 100, 100), balance(id, 0)),
    ).rejects.toThrow('is not that of its entries');
  });

  it('an account keeps its id, currency and kind, and stays closed', async () => {
    const id = await account();
    const refused = 'keeps its id, currency and kind, and stays closed';
    for (const change of [`currency = 'USD'`, `kind = 'system'`, `id = '${uuidv7()}'`]) {
      await expect(attack(`update account set ${change} where id = '${id}'`)).rejects.toThrow(refused);
    }
    await attack(`update account set status = 'closed' where id = '${id}'`);
    await expect(attack(`update account set status = 'active' where id = '${id}'`)).rejects.toThrow(refused);
  });

  it('an account with money on it is not closed, and a system account not frozen', async () => {
    const { id } = await funded();
    await expect(attack(`update account set status = 'closed' where id = '${id}'`)).rejects.toThrow(
      'account_closed_empty',
    );
    await expect(attack(`update account set status = 'frozen' where id = '${BANK}'`)).rejects.toThrow(
      'account_system_active',
    );
    await expect(attack(`update account set status = 'gone' where id = '${id}'`)).rejects.toThrow(
      'account_status_known',
    );
  });

  it('a transfer that is posted is not rejected too, nor the reverse', async () => {
    const { id, transferId } = await funded();
    const rejected = uuidv7();
    const rejection = (transfer: string) =>
      `insert into rejection (transfer_id, reason) values ('${transfer}', 'insufficient_funds')`;
    await expect(attack(rejection(transferId))).rejects.toThrow('rejection_settles');
    await attack(`insert into settlement values ('${rejected}', 'rejected')`, rejection(rejected));
    await expect(
      attack(`insert into posting (id, kind, transfer_id, currency, amount_minor)
              values ('${uuidv7()}', 'transfer', '${rejected}', 'EUR', 100)`),
    ).rejects.toThrow('posting_settles');
    expect(await post({ transferId: rejected, debitAccountId: id, creditAccountId: BANK })).toBeUndefined();
  });

  it('a transfer is not posted twice', async () => {
    const { transferId } = await funded();
    await expect(
      attack(`insert into posting (id, kind, transfer_id, currency, amount_minor)
              values ('${uuidv7()}', 'deposit', '${transferId}', 'EUR', 100)`),
    ).rejects.toThrow('posting_transfer_id_key');
  });

  it('a posting has a positive amount, and a transfer’s id unless it is an opening balance', async () => {
    await expect(attack(posting(uuidv7(), `'EUR', 0`))).rejects.toThrow('posting_amount_positive');
    for (const values of [`'transfer', null`, `'opening_balance', '${uuidv7()}'`]) {
      await expect(
        attack(`insert into posting (id, kind, transfer_id, currency, amount_minor)
                values ('${uuidv7()}', ${values}, 'EUR', 100)`),
      ).rejects.toThrow('posting_transfer_named');
    }
  });

  it('no customer’s balance is below zero, and none beyond 18 digits', async () => {
    const [{ id }, other] = [await funded(), await account()];
    await expect(post({ debitAccountId: id, creditAccountId: other, amountMinor: 101n })).rejects.toThrow(
      'relation "account" violates check constraint',
    );
    await expect(post({ kind: 'deposit', creditAccountId: other, amountMinor: 10n ** 18n })).rejects.toThrow(
      'account_balance_range',
    );
  });

  it('an entry is on an account that is there, and not the same on both sides', async () => {
    const { id } = await funded();
    await expect(post({ debitAccountId: BANK, creditAccountId: uuidv7() })).rejects.toThrow('null value');
    await expect(attack(entry(uuidv7(), id, 1, 101))).rejects.toThrow('entry_posting_id_fkey');
    await expect(post({ debitAccountId: id, creditAccountId: id })).rejects.toThrow(
      'entry_posting_id_account_id_key',
    );
  });

  it('there is one system account for each currency', async () => {
    const open = () => dataSource.transaction((manager) => openSystemAccount(manager, 'EUR'));
    expect(new Set(await Promise.all([open(), open(), open()]))).toEqual(new Set([BANK]));
    await expect(
      attack(
        `insert into account (id, owner, currency, kind) values ('${uuidv7()}', 'eve', 'EUR', 'system')`,
      ),
    ).rejects.toThrow('account_system');
  });

  it('exactly: amounts beyond what a JavaScript number holds', async () => {
    const amountMinor = 9_007_199_254_740_993n;
    const [{ id }, other] = [await funded(), await account()];
    await post({ kind: 'deposit', creditAccountId: other, amountMinor });
    const { accounts } = await lockAccounts(dataSource.manager, [id, other]);
    expect([accounts.get(id)?.balanceMinor, accounts.get(other)?.balanceMinor]).toEqual([100n, amountMinor]);
  });
});

describe('locking two accounts', () => {
  it('follows the order of their ids, in whatever order they are named', async () => {
    const [low, high] = [await account(), await account()].toSorted() as [string, string];
    const gate = new Gate();
    let held = false;
    const holder = dataSource.transaction(async (manager) => {
      await lockAccounts(manager, [low]);
      held = true;
      await gate.opened;
    });
    await eventually('the first account is held', () => held);

    const both = dataSource.transaction((manager) => lockAccounts(manager, [high, low]));
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
    expect([...(await both).accounts.keys()]).toEqual([low, high]);
  });
});
