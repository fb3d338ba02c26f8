import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bankEvents, systemAccountId } from '@app/contracts';
import { eventually } from '@app/nats/testing';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { by, forgetAll, TransactionsInstance } from '../../testing/transactions-service.fixture.js';
import { CREDIT, DEBIT, ORDER, UNKNOWN_ID } from '../../testing/transfers.fixture.js';
import type { TransferView } from './transfer.schema.js';

jest.setTimeout(30_000);

const BANK = systemAccountId('EUR');

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

const query = (sql: string, parameters?: unknown[]) => transactions.dataSource.query(sql, parameters);
const reverse = (id: string) => transactions.post(`/v1/transfers/${id}/reversal`, {});
async function eventOf({ id }: TransferView) {
  const find = () => transactions.bus.published.find(({ payload }) => payload.includes(id));
  await eventually('the event is published', () => find() !== undefined);
  return bankEvents.decode('transfer.requested', find()!.payload);
}
async function posted(order: object = ORDER): Promise<string> {
  const id = await transactions.order(order);
  await transactions.postedArrives(id);
  return id;
}

describe('deposits and withdrawals', () => {
  const order = { accountId: DEBIT, amountMinor: '7000', currency: 'EUR' };

  it.each([
    ['deposit', '/v1/deposits', { debitAccountId: BANK, creditAccountId: DEBIT }],
    ['withdrawal', '/v1/withdrawals', { debitAccountId: DEBIT, creditAccountId: BANK }],
  ])("a %s has the currency's system account on its other side", async (kind, path, sides) => {
    const response = await transactions.post(path, order);
    expect(response.status).toBe(202);
    const transfer = response.json<TransferView>();
    expect(transfer).toMatchObject({
      kind,
      status: 'pending',
      amountMinor: '7000',
      currency: 'EUR',
      ...sides,
    });
    expect(response.headers.get('location')).toBe(`/v1/transfers/${transfer.id}`);
    expect((await transactions.get(`/v1/transfers/${transfer.id}`)).json()).toEqual(transfer);
    const event = await eventOf(transfer);
    expect(event.data).toMatchObject({ kind, authority: 'bank', ...sides });
    // The customer's account on both ways: the bank's own would put all deposits in one row.
    expect(event.partitionkey).toBe(DEBIT);
  });

  it('an order for the own account of the bank is refused', async () => {
    const response = await transactions.post('/v1/deposits', { ...order, accountId: BANK });
    expect(response.status).toBe(400);
    expect(response.json()).toMatchObject({ errors: [{ field: 'accountId' }] });
  });
});

describe('POST /v1/transfers/{id}/reversal', () => {
  it('orders the opposite of a posted transfer', async () => {
    const id = await posted();
    const response = await reverse(id.toUpperCase());
    expect(response.status).toBe(202);
    const reversal = response.json<TransferView>();
    expect(reversal).toMatchObject({
      kind: 'reversal',
      reversalOf: id,
      debitAccountId: CREDIT,
      creditAccountId: DEBIT,
      amountMinor: ORDER.amountMinor,
      status: 'pending',
    });
    expect((await eventOf(reversal)).data).toMatchObject({ kind: 'reversal', authority: 'bank' });
  });

  it('takes a request without a body', async () => {
    const id = await posted();
    const response = await transactions.service.request(`/v1/transfers/${id}/reversal`, {
      method: 'POST',
      headers: { 'idempotency-key': 'without' },
    });
    expect(response.status).toBe(202);
  });

  it('is done once, and after a rejected one again', async () => {
    const id = await posted();
    const { id: reversalId } = (await reverse(id)).json<TransferView>();
    const again = await reverse(id);
    expect(again.status).toBe(409);
    expect(again.json()).toMatchObject({ type: '/problems/transfer-already-reversed', reversalId });
    await transactions.rejectedArrives(reversalId);
    const another = await reverse(id);
    expect(another.status).toBe(202);
    await transactions.postedArrives(another.json<TransferView>().id);
    expect((await reverse(id)).status).toBe(409);
  });

  it('of ten at once under ten keys one is taken', async () => {
    const id = await posted();
    const answers = await Promise.all(Array.from({ length: 10 }, () => reverse(id)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      202, 409, 409, 409, 409, 409, 409, 409, 409, 409,
    ]);
  });

  it('is refused of what is pending, rejected, a reversal or not there', async () => {
    const id = await transactions.order();
    const refusal = { status: 409, type: '/problems/transfer-not-reversible' };
    expect((await reverse(id)).json()).toMatchObject({ ...refusal, transferId: id });
    await transactions.rejectedArrives(id);
    expect((await reverse(id)).json()).toMatchObject(refusal);
    const { id: reversalId } = (await reverse(await posted())).json<TransferView>();
    await transactions.postedArrives(reversalId);
    expect((await reverse(reversalId)).json()).toMatchObject(refusal);
    expect((await reverse(UNKNOWN_ID)).json()).toMatchObject({
      status: 404,
      type: '/problems/transfer-not-found',
    });
  });
});

describe('what belongs to another', () => {
  it('is answered exactly as what does not exist', async () => {
    const order = await transactions.post('/v1/transfers', ORDER, by('alice'));
    const { id } = order.json<TransferView>();
    expect((await transactions.get(`/v1/transfers/${id}`, by('alice'))).status).toBe(200);
    for (const path of ['', '/events']) {
      const ofBob = await transactions.get(`/v1/transfers/${id}${path}`, by('bob'));
      const ofNobody = await transactions.get(`/v1/transfers/${UNKNOWN_ID}${path}`, by('bob'));
      expect(ofBob.status).toBe(404);
      expect(ofBob.text.replace(id, UNKNOWN_ID)).toBe(ofNobody.text);
    }
    const waiting = await transactions.get(`/v1/transfers/${id}`, { ...by('bob'), prefer: 'wait=1' });
    expect(waiting.status).toBe(404);
  });

  it('is ordered on the word of its owner, which accounts checks', async () => {
    const order = (await transactions.post('/v1/transfers', ORDER, by('alice'))).json<TransferView>();
    expect((await eventOf(order)).data).toMatchObject({ authority: 'owner', requestedBy: 'alice' });
  });
});

describe('the database refuses, with plain SQL', () => {
  const INTEGRITY = /never changes|only the outcome may change|cannot be deleted/;

  it('every change of a settled transfer', async () => {
    const id = await posted();
    for (const change of [
      `status = 'rejected', rejection_reason = 'insufficient_funds'`,
      `status = 'pending', settled_at = null`,
      `settled_at = now()`,
      `amount_minor = 1`,
    ]) {
      await expect(query(`update transfer set ${change} where id = $1`, [id])).rejects.toThrow(INTEGRITY);
    }
    await expect(query('delete from transfer where id = $1', [id])).rejects.toThrow(INTEGRITY);
  });

  it('every change of a pending transfer but its outcome', async () => {
    const id = await transactions.order();
    for (const change of [
      `amount_minor = 1`,
      `credit_account_id = id`,
      `requested_at = now()`,
      `kind = 'deposit'`,
    ]) {
      await expect(query(`update transfer set ${change} where id = $1`, [id])).rejects.toThrow(INTEGRITY);
    }
    await expect(query('delete from transfer where id = $1', [id])).rejects.toThrow(INTEGRITY);
    await expect(query(`update transfer set status = 'posted' where id = $1`, [id])).rejects.toThrow(/check/);
  });

  it.each([
    ['an amount of zero', { amount_minor: '0' }],
    ['an amount over the largest', { amount_minor: '1000000000000000' }],
    ['one account on both sides', { credit_account_id: DEBIT }],
    ['a kind that there is not', { kind: 'gift' }],
    ['an authority that there is not', { authority: 'nobody' }],
    ['a reversal of nothing', { kind: 'reversal' }],
    ['a plain transfer that says that it reverses one', { reversal_of: UNKNOWN_ID }],
  ])('%s', async (_, change) => {
    const row = {
      id: UNKNOWN_ID,
      debit_account_id: DEBIT,
      credit_account_id: CREDIT,
      amount_minor: '1',
      currency: 'EUR',
      ...change,
    };
    const columns = Object.keys(row);
    const insert = `insert into transfer (${columns.join()}) values (${columns.map((_name, n) => `$${n + 1}`).join()})`;
    await expect(query(insert, Object.values(row))).rejects.toThrow(/violates|opposite/);
  });

  it('a reversal that is not the opposite of a posted transfer, and a second one that stands', async () => {
    const id = await posted();
    const insert = (amount: number, [debit, credit]: [string, string]) =>
      query(
        `insert into transfer (id, kind, reversal_of, debit_account_id, credit_account_id, amount_minor, currency)
         values (gen_random_uuid(), 'reversal', $1, $2, $3, $4, 'EUR')`,
        [id, debit, credit, amount],
      );
    await expect(insert(1_249, [CREDIT, DEBIT])).rejects.toThrow(/opposite/);
    await expect(insert(1_250, [DEBIT, CREDIT])).rejects.toThrow(/opposite/);
    await insert(1_250, [CREDIT, DEBIT]);
    await expect(insert(1_250, [CREDIT, DEBIT])).rejects.toThrow(/transfer_reversed_once/);
  });
});
