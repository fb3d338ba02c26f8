import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { by, forgetAll, TransactionsInstance } from '../../testing/transactions-service.fixture.js';
import { CREDIT, DEBIT, ORDER, UNKNOWN_ID } from '../../testing/transfers.fixture.js';
import type { TransferView } from '../transfers/transfer.schema.js';
import { IdempotencyCleaner } from './idempotency-cleaner.js';

jest.setTimeout(60_000);

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

const KEY = { 'idempotency-key': '"8e03978e-40d5-43e8-bc93-6894a57f9324"' };
const post = (body: object = ORDER, headers: Record<string, string> = KEY, path = '/v1/transfers') =>
  transactions.post(path, body, headers);
const stored = async () => {
  const [row] = await transactions.dataSource.query<
    [{ transfers: number; records: number; events: number }]
  >(`
    select (select count(*)::int from transfer) as transfers,
           (select count(*)::int from idempotency_record) as records,
           (select count(*)::int from outbox_message) as events`);
  return row;
};
const ONE_OF_EACH = { transfers: 1, records: 1, events: 1 };
const NOTHING = { transfers: 0, records: 0, events: 0 };
const problem = (type: string, status: number) => ({ type: `/problems/${type}`, status });

/** Holds the key as the transaction of a request does, while the callback runs. */
async function whileKeyIsHeld<Result>(callback: () => Promise<Result>): Promise<Result> {
  const runner = transactions.dataSource.createQueryRunner();
  await runner.startTransaction();
  try {
    const scope = JSON.stringify([null, 'POST', '/v1/transfers']);
    const lock = `select pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))`;
    await runner.query(lock, [scope, KEY['idempotency-key'].replaceAll('"', '')]);
    return await callback();
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

// The sentences are those of draft-ietf-httpapi-idempotency-key-header-07.
describe('2.1 "Idempotency-Key is an Item Structured Header. Its value MUST be a String."', () => {
  it('the String and the bare token are one key', async () => {
    const first = await post();
    const second = await post(ORDER, { 'idempotency-key': '8e03978e-40d5-43e8-bc93-6894a57f9324' });
    expect(second.json()).toEqual(first.json());
    expect(await stored()).toEqual(ONE_OF_EACH);
  });

  it('"Clients MUST NOT include more than one": two are refused, and nothing is stored', async () => {
    const response = await post(ORDER, { 'idempotency-key': '"a", "b"' });
    expect(response.json()).toMatchObject(problem('idempotency-key-invalid', 400));
    expect(await stored()).toEqual(NOTHING);
  });
});

describe('2.3 "The resource MAY enforce time based idempotency keys, thus, be able to purge or delete a key upon its expiry."', () => {
  const expire = () =>
    transactions.dataSource.query(`update idempotency_record set expires_at = clock_timestamp()`);

  it('an expired key is as a new one, whatever the body, and is kept again', async () => {
    const first = await post();
    await expire();
    const other = await post({ ...ORDER, amountMinor: '1' });
    expect(other.status).toBe(202);
    expect(other.headers.has('idempotency-replayed')).toBe(false);
    expect(other.json<TransferView>().id).not.toBe(first.json<TransferView>().id);
    expect((await post({ ...ORDER, amountMinor: '1' })).json()).toEqual(other.json());
    expect(await stored()).toEqual({ transfers: 2, records: 1, events: 2 });
  });

  it('is kept for the hours that are set, from its first answer on', async () => {
    await post();
    const [row] = await transactions.dataSource.query<[{ hours: string }]>(
      `select extract(epoch from expires_at - created_at) / 3600 as hours from idempotency_record`,
    );
    expect(Number(row.hours)).toBeCloseTo(24, 3);
  });

  it('the cleaner deletes what is expired and nothing else', async () => {
    await post();
    await expire();
    await post(ORDER, { 'idempotency-key': 'another' });
    await transactions.service.app.get(IdempotencyCleaner).clean();
    const keys = await transactions.dataSource.query<object[]>('select key from idempotency_record');
    expect(keys).toEqual([{ key: 'another' }]);
  });
});

describe('2.6 "First time request: The resource server SHOULD process the request normally"', () => {
  it('it is answered as without a key, and not marked', async () => {
    const response = await post();
    expect(response.status).toBe(202);
    expect(response.headers.has('idempotency-replayed')).toBe(false);
    expect(await stored()).toEqual(ONE_OF_EACH);
  });
});

describe('2.6 "Retry: The resource server SHOULD respond with the result of the previously completed operation, success or an error."', () => {
  it('a success: status, body, Location and Retry-After, byte for byte, with a marker', async () => {
    const first = await post();
    await transactions.postedArrives(first.json<TransferView>().id);
    const second = await post(Object.fromEntries(Object.entries(ORDER).toReversed()));
    expect(second.text).toBe(first.text);
    expect(second.status).toBe(first.status);
    for (const name of ['location', 'retry-after', 'content-type']) {
      expect(second.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await stored()).toEqual(ONE_OF_EACH);
  });

  it('an error of the transaction: the same refusal, though the reason for it is gone', async () => {
    const id = await transactions.order();
    const reverse = () => post({}, KEY, `/v1/transfers/${id}/reversal`);
    const first = await reverse();
    expect(first.json()).toMatchObject(problem('transfer-not-reversible', 409));
    await transactions.postedArrives(id);
    const second = await reverse();
    expect(second.text).toBe(first.text);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect((await post({}, { 'idempotency-key': 'new' }, `/v1/transfers/${id}/reversal`)).status).toBe(202);
  });

  it('what was answered before the transaction is not recorded: the corrected request is new', async () => {
    expect((await post({ ...ORDER, amountMinor: '-1' })).status).toBe(400);
    expect(await stored()).toEqual(NOTHING);
    expect((await post()).status).toBe(202);
  });

  it('of two instances of the service the other replays it too', async () => {
    const other = await TransactionsInstance.start(database);
    try {
      const first = await post();
      expect((await other.post('/v1/transfers', ORDER, KEY)).text).toBe(first.text);
    } finally {
      await other.stop();
    }
  });
});

describe('2.7 "If the Idempotency-Key request header is missing … reply with an HTTP 400 status code with body containing a link pointing to relevant documentation."', () => {
  it.each([
    ['/v1/transfers', ORDER],
    ['/v1/deposits', { accountId: DEBIT, amountMinor: '1', currency: 'EUR' }],
    ['/v1/withdrawals', { accountId: DEBIT, amountMinor: '1', currency: 'EUR' }],
    [`/v1/transfers/${UNKNOWN_ID}/reversal`, {}],
    ['/v1/transfers/batch', { mode: 'all', transfers: [ORDER] }],
  ])('POST %s', async (path, body) => {
    const response = await transactions.service.post(path, body);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(response.json()).toMatchObject(problem('idempotency-key-missing', 400));
    expect(await stored()).toEqual(NOTHING);
  });
});

describe('2.7 "If there is an attempt to reuse an idempotency key with a different request payload, the resource server SHOULD reply with a HTTP 422 status code"', () => {
  it('another body is refused, and stores nothing', async () => {
    await post();
    const response = await post({ ...ORDER, amountMinor: '1251' });
    expect(response.json()).toMatchObject(problem('idempotency-key-reused', 422));
    expect(await stored()).toEqual(ONE_OF_EACH);
  });
});

describe('2.7 "If the request is retried, while the original request is still being processed, the resource server SHOULD reply with an HTTP 409 status code"', () => {
  it('it is found without waiting, and the key is taken as soon as the first has ended', async () => {
    const response = await whileKeyIsHeld(() => post());
    expect(response.json()).toMatchObject(problem('idempotency-key-in-progress', 409));
    expect(await stored()).toEqual(NOTHING);
    expect((await post()).status).toBe(202);
  });

  it('another key is not held up', async () => {
    expect((await whileKeyIsHeld(() => post(ORDER, { 'idempotency-key': 'another' }))).status).toBe(202);
  });

  it('a thousand at once make one transfer; every other answer is 409 or the replay', async () => {
    const responses = await Promise.all(Array.from({ length: 1_000 }, () => post()));
    const accepted = responses.filter(({ status }) => status === 202);
    const refused = responses.filter(({ status }) => status !== 202);
    expect(new Set(refused.map(({ status }) => status)).size).toBeLessThanOrEqual(1);
    for (const response of refused.slice(0, 1)) {
      expect(response.json()).toMatchObject(problem('idempotency-key-in-progress', 409));
    }
    expect(accepted.filter(({ headers }) => !headers.has('idempotency-replayed'))).toHaveLength(1);
    expect(new Set(accepted.map(({ text }) => text)).size).toBe(1);
    expect(await stored()).toEqual(ONE_OF_EACH);
  });
});

describe('5 "implement a unique composite key as the idempotent cache lookup key"', () => {
  it('the key of another caller is another key: nobody replays what was answered to somebody else', async () => {
    const alice = await post(ORDER, { ...KEY, ...by('alice') });
    const bob = await post(ORDER, { ...KEY, ...by('bob') });
    const nobody = await post();
    expect(new Set([alice, bob, nobody].map((answer) => answer.json<TransferView>().id)).size).toBe(3);
  });

  it('the key of another operation is another key', async () => {
    const order = { accountId: CREDIT, amountMinor: '1', currency: 'EUR' };
    await post(order, KEY, '/v1/deposits');
    const response = await post(order, KEY, '/v1/withdrawals');
    expect(response.json()).toMatchObject({ kind: 'withdrawal' });
  });
});
