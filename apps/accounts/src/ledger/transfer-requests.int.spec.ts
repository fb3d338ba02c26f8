import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bankEvents } from '@app/contracts';
import { FakeMessageBus, RecordedLog } from '@app/nats/testing';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { NO_BROKER, ServiceUnderTest } from '../../../../test/service-under-test.js';
import type { AccountView } from '../accounts/account.schema.js';
import { emptyLedger } from '../../testing/empty-ledger.js';
import { AppModule } from '../app.module.js';
import { environmentSchema } from '../config.js';

jest.setTimeout(30_000);

const UNKNOWN_ID = '0198c9a0-0000-7000-8000-0000000000ff';

/** The tables of outbox and inbox. */
const TRAFFIC = [
  'outbox_key',
  'outbox_lane',
  'outbox_message',
  'inbox_message',
  'inbox_key',
  'inbox_dead_letter',
];

const bus = new FakeMessageBus();
let database: TestDatabase;
let service: ServiceUnderTest;
let dataSource: DataSource;
let log: RecordedLog;

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = environmentSchema.parse({ ...NO_BROKER, DATABASE_URL: database.url });
  service = await ServiceUnderTest.start(AppModule.for(environment), bus);
  dataSource = service.app.get(DataSource);
  log = RecordedLog.start();
});
afterEach(async () => {
  expect(await wrongBalances()).toEqual([]);
  await emptyLedger(dataSource, TRAFFIC);
  log.lines.length = 0;
});
afterAll(async () => {
  await service.stop();
  await database.drop();
});

async function open(openingBalanceMinor: string, currency = 'EUR'): Promise<string> {
  const response = await service.post('/v1/accounts', { owner: 'Ada', currency, openingBalanceMinor });
  return response.json<AccountView>().id;
}
const balance = async (id: string) =>
  Number((await service.get(`/v1/accounts/${id}`)).json<AccountView>().balanceMinor);

/** What is said of each message that cannot be handled. */
const deadLetters = async () =>
  (await dataSource.query<{ error: string }[]>('select error from inbox_dead_letter')).map(
    ({ error }) => error,
  );

/** What must be empty whatever happened: balances that are not the sum of their entries, postings that are not zero. */
const wrongBalances = () =>
  dataSource.query<object[]>(`
    select account.id::text from account left join entry on entry.account_id = account.id
    group by account.id having balance_minor <> coalesce(sum(amount_minor), 0)
    union all
    select posting_id::text from entry group by posting_id having sum(amount_minor) <> 0 or count(*) <> 2`);

function requested(debitAccountId: string, creditAccountId: string, change: object = {}) {
  const data = {
    transferId: uuidv7(),
    debitAccountId,
    creditAccountId,
    amountMinor: '100',
    currency: 'EUR',
    requestedAt: '2026-01-02T03:04:05.678Z',
    kind: 'transfer' as const,
    authority: 'bank' as const,
    ...change,
  };
  return bankEvents.create('transfer.requested', data);
}
type Requested = ReturnType<typeof requested>;

const deliver = (event: Requested) => bus.deliver('transfer.requested', JSON.stringify(event));
const count = async (table: string) =>
  (await dataSource.query<[{ count: number }]>(`select count(*)::int as count from ${table}`))[0].count;
/** The events that were emitted, as their types and their data. */
const emitted = async () =>
  (
    await dataSource.query<{ type: string; envelope: string }[]>(
      'select type, envelope from outbox_message order by created_at, sequence',
    )
  ).map(({ type, envelope }) => bankEvents.decode(type as 'transfer.posted' | 'transfer.rejected', envelope));
const transferPostings = () => count(`posting where kind = 'transfer'`);

describe('a transfer that is requested', () => {
  it('moves its money, in two entries that sum to zero, and says so', async () => {
    const [debit, credit] = [await open('1000'), await open('0')];
    const event = requested(debit, credit);
    await deliver(event);
    expect([await balance(debit), await balance(credit)]).toEqual([900, 100]);
    expect(
      await dataSource.query(
        `select account_id, entry.amount_minor::int as amount from entry
         join posting on posting.id = posting_id where transfer_id = $1 order by entry.amount_minor`,
        [event.data.transferId],
      ),
    ).toEqual([
      { account_id: debit, amount: -100 },
      { account_id: credit, amount: 100 },
    ]);
    expect(await emitted()).toMatchObject([
      { type: 'transfer.posted', partitionkey: debit, data: { transferId: event.data.transferId } },
    ]);
  });

  it('may take the last unit', async () => {
    const [debit, credit] = [await open('100'), await open('0')];
    await deliver(requested(debit, credit));
    expect([await balance(debit), await balance(credit)]).toEqual([0, 100]);
  });

  it.each([
    [
      'insufficient_funds',
      'there is one unit too little',
      async () => requested(await open('99'), await open('0')),
    ],
    ['account_not_found', 'nobody has the debit account', async () => requested(UNKNOWN_ID, await open('0'))],
    [
      'account_not_found',
      'nobody has the credit account',
      async () => requested(await open('100'), UNKNOWN_ID),
    ],
    [
      'currency_mismatch',
      'the accounts are of another currency',
      async () => requested(await open('100', 'USD'), await open('0', 'USD')),
    ],
    [
      'currency_mismatch',
      'one account is of another currency',
      async () => requested(await open('100'), await open('0', 'USD')),
    ],
  ])('is rejected as %s when %s: a row and an event, and no money moves', async (reason, _, make) => {
    const event = await make();
    await deliver(event);
    const { transferId, debitAccountId } = event.data;
    expect(await dataSource.query('select transfer_id, reason from rejection')).toEqual([
      { transfer_id: transferId, reason },
    ]);
    expect(await emitted()).toMatchObject([
      { type: 'transfer.rejected', partitionkey: debitAccountId, data: { transferId, reason } },
    ]);
    expect(await transferPostings()).toBe(0);
  });

  it('does not get at the bank’s own account, from either side', async () => {
    const customer = await open('100');
    const [system] = await dataSource.query<[{ id: string }]>(`select id from account where kind = 'system'`);
    await deliver(requested(system.id, customer));
    await deliver(requested(customer, system.id));
    expect(await balance(customer)).toBe(100);
    const refused = { reason: 'account_not_found' };
    expect(await dataSource.query('select reason from rejection')).toEqual([refused, refused]);
  });

  it('that comes twice under one event id moves its money once, and answers once', async () => {
    const [debit, credit] = [await open('1000'), await open('0')];
    const event = requested(debit, credit);
    await Promise.all([deliver(event), deliver(event)]);
    await deliver(event);
    expect([await balance(debit), await balance(credit)]).toEqual([900, 100]);
    expect(await emitted()).toHaveLength(1);
    expect(await dataSource.query('select repeats from inbox_message')).toEqual([{ repeats: 2 }]);
  });

  it('with the same account on both sides is rejected as same_account, and moves nothing', async () => {
    const account = await open('1000');
    await deliver(requested(account, account));
    expect(await dataSource.query('select reason from rejection')).toEqual([{ reason: 'same_account' }]);
    expect([await balance(account), await transferPostings()]).toEqual([1_000, 0]);
  });
});

describe('transfers at once', () => {
  it('in opposite directions between the same accounts do not deadlock', async () => {
    const [a, b] = [await open('1000'), await open('1000')];
    const events = Array.from({ length: 30 }, (_, n) => (n % 2 ? requested(a, b) : requested(b, a)));
    await Promise.all(events.map(deliver));
    expect([await balance(a), await balance(b)]).toEqual([1_000, 1_000]);
    expect(await transferPostings()).toBe(30);
  });

  it('from one account never take it below zero: the rest is rejected', async () => {
    const [debit, credit] = [await open('1000'), await open('0')];
    await Promise.all(Array.from({ length: 25 }, () => deliver(requested(debit, credit))));
    expect([await balance(debit), await balance(credit)]).toEqual([0, 1_000]);
    expect([await transferPostings(), await count('rejection')]).toEqual([10, 15]);
    expect(await emitted()).toHaveLength(25);
  });
});

describe('a malformed event', () => {
  it.each([
    ['is not JSON', () => 'move some money'],
    [
      'has an amount below zero',
      (event: Requested) => ({ ...event, data: { ...event.data, amountMinor: '-100' } }),
    ],
    ['has no id', (event: Requested) => ({ ...event, id: undefined })],
    [
      'is of an unknown major version',
      (event: Requested) => ({
        ...event,
        dataschema: event.dataschema.replace(/:1\.\d+$/, ':2.0'),
      }),
    ],
  ])('that %s goes to the dead letters, and the service goes on', async (_, spoil) => {
    const [debit, credit] = [await open('1000'), await open('0')];
    const spoilt = spoil(requested(debit, credit));
    const payload = typeof spoilt === 'string' ? spoilt : JSON.stringify(spoilt);
    await bus.deliver('transfer.requested', payload);
    expect(await deadLetters()).toEqual([expect.stringContaining('Not a valid transfer.requested event')]);
    expect([await count('inbox_message'), await transferPostings()]).toEqual([0, 0]);
    await deliver(requested(debit, credit));
    expect(await balance(credit)).toBe(100);
  });
});

describe('a handler that fails half-way', () => {
  it('leaves nothing, and the same event is handled when it comes again', async () => {
    const [debit, credit] = [await open('1000'), await open('0')];
    const event = requested(debit, credit);
    await dataSource.query('alter table outbox_message rename to gone');
    await expect(deliver(event)).rejects.toThrow();
    await dataSource.query('alter table gone rename to outbox_message');
    expect([await balance(debit), await count('inbox_message'), await transferPostings()]).toEqual([
      1_000, 0, 0,
    ]);
    await deliver(event);
    expect([await balance(debit), await count('inbox_message')]).toEqual([900, 1]);
  });
});
