import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemAccountId } from '@app/contracts';
import { AccountsUnderTest } from '../../testing/accounts-fixture.js';
import type { ReconciliationView } from './reconciliation.schema.js';

jest.setTimeout(30_000);

const LAG_MS = 60_000;
let bank: AccountsUnderTest;

beforeAll(async () => {
  bank = await AccountsUnderTest.start();
});
afterEach(() => bank.reset());
afterAll(() => bank.stop());

const reconcile = (query: Record<string, string> = {}) =>
  bank.request('GET', `/v1/reconciliation?${new URLSearchParams(query).toString()}`);
const view = async (query?: Record<string, string>) => (await reconcile(query)).json<ReconciliationView>();
const NOTHING = { count: 0, amountMinor: '0' };

describe('GET /v1/reconciliation', () => {
  it('counts and sums by currency what was posted and rejected, without opening balances', async () => {
    const [debit, credit] = [await bank.open('1000'), await bank.open('0')];
    const yen = await bank.open('0', { currency: 'JPY' });
    await bank.settle(debit, credit, { amountMinor: '300' });
    await bank.settle(debit, credit, { amountMinor: '200' });
    await bank.settle(debit, credit, { amountMinor: '999' });
    await bank.settle(systemAccountId('JPY'), yen, { kind: 'deposit', currency: 'JPY', amountMinor: '7' });
    expect((await view()).currencies).toEqual([
      {
        currency: 'EUR',
        posted: { count: 2, amountMinor: '500' },
        rejected: { count: 1, amountMinor: '999' },
      },
      { currency: 'JPY', posted: { count: 1, amountMinor: '7' }, rejected: NOTHING },
    ]);
  });

  it('goes by when a transfer was ordered: from the first instant on, before the second', async () => {
    const [debit, credit] = [await bank.open('5000'), await bank.open('0')];
    const [from, to] = ['2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z'];
    const times = ['2026-01-01T23:59:59.999Z', from, '2026-01-02T23:59:59.999Z', to];
    for (const [index, requestedAt] of times.entries()) {
      await bank.settle(debit, credit, { requestedAt, amountMinor: String(10 ** index) });
      await bank.settle(debit, credit, { requestedAt, amountMinor: String(10 ** index * 1_000_000) });
    }
    expect((await view({ from, to })).currencies).toEqual([
      {
        currency: 'EUR',
        posted: { count: 2, amountMinor: '110' },
        rejected: { count: 2, amountMinor: '110000000' },
      },
    ]);
    expect((await view({ from: to, to: from })).currencies).toEqual([]);
  });

  it('ends a lag behind the clock unless it says otherwise, and is closed up to there', async () => {
    const before = Date.now();
    const { from, to, closedUntil, closed } = await view();
    expect([from, to, closed]).toEqual(['1970-01-01T00:00:00.000Z', closedUntil, true]);
    expect(Date.parse(closedUntil)).toBeGreaterThanOrEqual(before - LAG_MS - 1_000);
    expect(Date.parse(closedUntil)).toBeLessThanOrEqual(Date.now() - LAG_MS + 1_000);
    const later = await view({ to: new Date(Date.now() + 1_000).toISOString() });
    expect(later.closed).toBe(false);
    expect((await view({ to: closedUntil })).closed).toBe(true);
  });

  it('a transfer that is requested again counts once', async () => {
    const [debit, credit] = [await bank.open('1000'), await bank.open('0')];
    const transferId = '0198c9a0-0000-7000-8000-000000000001';
    await bank.settle(debit, credit, { transferId });
    await bank.settle(debit, credit, { transferId });
    expect((await view()).currencies).toMatchObject([{ posted: { count: 1, amountMinor: '100' } }]);
  });

  it('a sum beyond eight bytes is exact', async () => {
    const insert = `
      with settled as (
        insert into settlement select gen_random_uuid(), 'rejected' from generate_series(1, 10000)
        returning transfer_id
      )
      insert into rejection (transfer_id, reason, requested_at, amount_minor, currency)
      select transfer_id, 'insufficient_funds', '2026-01-02', $1, 'EUR' from settled`;
    await bank.rows(insert, ['9'.repeat(15)]);
    expect((await view()).currencies).toMatchObject([
      { rejected: { count: 10_000, amountMinor: String(999_999_999_999_999n * 10_000n) } },
    ]);
  });

  it.each([
    ['from', 'yesterday'],
    ['to', '0000-01-01T00:00:00Z'],
    ['', '1'],
  ])('is refused with %p=%p', async (field, value) => {
    const response = await reconcile({ [field || 'until']: value });
    expect(response.status).toBe(400);
    expect(response.json<{ errors: object[] }>().errors).toMatchObject([{ field }]);
  });
});
