import { describe, expect, it } from '@jest/globals';
import { accountOpenings, writeLoad, type LoadAccount } from './load-plan.js';

const COUNT = 2_000;
const accounts: LoadAccount[] = accountOpenings(50).map(({ currency = '' }, index) => ({
  id: `account-${index}`,
  currency,
}));

describe('the orders of a run', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(writeLoad(accounts, COUNT, 1)).toEqual(writeLoad(accounts, COUNT, 1));
    expect(writeLoad(accounts, COUNT, 1)).not.toEqual(writeLoad(accounts, COUNT, 2));
  });

  it('are of every kind, some sent twice and some reversed, each under a key of its own', () => {
    const orders = writeLoad(accounts, COUNT, 3);
    expect(new Set(orders.map(({ kind }) => kind))).toEqual(new Set(['transfer', 'deposit', 'withdrawal']));
    const afterthoughts = orders.map(({ afterthought }) => afterthought);
    expect(new Set(afterthoughts)).toEqual(new Set(['none', 'repeat', 'reverse']));
    expect(new Set(orders.map(({ key }) => key)).size).toBe(COUNT);
  });

  it('have no transfer from an account to itself, and some that accounts must refuse', () => {
    const transfers = writeLoad(accounts, COUNT, 4).filter(({ kind }) => kind === 'transfer');
    const currencyOf = (id = '') => accounts.find((account) => account.id === id)?.currency;
    const payees = transfers.map(({ body }) => currencyOf(body['creditAccountId']));
    expect(transfers.filter(({ body }) => body['debitAccountId'] === body['creditAccountId'])).toEqual([]);
    expect(payees).toContain(undefined);
    expect(transfers.some(({ body }, index) => payees[index] && payees[index] !== body['currency'])).toBe(
      true,
    );
  });
});
