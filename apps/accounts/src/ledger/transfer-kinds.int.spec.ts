import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemAccountId } from '@app/contracts';
import { v7 as uuidv7 } from 'uuid';
import { BALANCE_MINOR_MAX } from './decide-transfer.js';
import { postTransfer } from './sql/post-transfer.js';
import { AccountsUnderTest, endOf, requested } from '../../testing/accounts-fixture.js';

jest.setTimeout(30_000);

const BANK = systemAccountId('EUR');
let bank: AccountsUnderTest;

beforeAll(async () => {
  bank = await AccountsUnderTest.start({ TRANSFER_LIMIT_MINOR: '1000', DAILY_LIMIT_MINOR: '1500' });
});
afterEach(() => bank.reset());
afterAll(() => bank.stop());

const post = (id: string, change: 'freeze' | 'unfreeze' | 'close') =>
  bank.request('POST', `/v1/accounts/${id}/${change}`);
const systemBalance = () =>
  bank.rows(`select id, balance_minor::int as balance from account where kind = 'system'`);

describe('deposits, withdrawals and reversals', () => {
  it('a deposit comes from the currency’s system account, which it makes when there is none', async () => {
    const account = await bank.open('0');
    expect(await bank.settle(BANK, account, { kind: 'deposit', amountMinor: '7000' })).toEqual(['posted']);
    expect(await bank.balance(account)).toBe(7_000);
    expect(await systemBalance()).toEqual([{ id: BANK, balance: -7_000 }]);
  });

  it('the key of its event is the customer’s account', async () => {
    const account = await bank.open('0');
    await bank.settle(BANK, account, { kind: 'deposit' });
    expect(await bank.emitted()).toMatchObject([{ partitionkey: account }]);
  });

  it('a withdrawal goes there, also from an account that has nothing in a currency without one', async () => {
    const account = await bank.open('0');
    const withdraw = () => bank.settle(account, BANK, { kind: 'withdrawal' });
    expect(await withdraw()).toEqual(['insufficient_funds']);
    await bank.settle(BANK, account, { kind: 'deposit' });
    expect(await withdraw()).toEqual(['posted']);
    expect([await bank.balance(account), await systemBalance()]).toEqual([0, [{ id: BANK, balance: 0 }]]);
  });

  it('a reversal goes the other way, out of a frozen account too', async () => {
    const [debit, credit] = [await bank.open('1000'), await bank.open('0')];
    await bank.settle(debit, credit);
    await post(credit, 'freeze');
    expect(await bank.settle(credit, debit)).toEqual(['account_frozen']);
    expect(await bank.settle(credit, debit, { kind: 'reversal' })).toEqual(['posted']);
    expect([await bank.balance(debit), await bank.balance(credit)]).toEqual([1_000, 0]);
  });

  it('a plain transfer reaches no system account, not even one that it would have to make', async () => {
    const account = await bank.open('0');
    expect(await bank.settle(BANK, account)).toEqual(['account_not_found']);
    expect(await systemBalance()).toEqual([]);
  });

  it('many first deposits at once, in either direction, share one system account', async () => {
    const accounts = await Promise.all(Array.from({ length: 6 }, () => bank.open('0')));
    const deposits = accounts.flatMap((account) => [
      bank.deliver(requested(BANK, account, { kind: 'deposit', amountMinor: '300' })),
      bank.deliver(requested(account, BANK, { kind: 'withdrawal', amountMinor: '100' })),
    ]);
    await Promise.all(deposits);
    expect(await systemBalance()).toHaveLength(1);
    expect((await bank.emitted()).filter((event) => endOf(event) === 'posted').length).toBeGreaterThanOrEqual(
      6,
    );
  });
});

describe('whose account is debited', () => {
  it('an owner’s own is; another’s is answered as one that does not exist, and so is the bank’s', async () => {
    const [ada, bob] = [await bank.open('1000'), await bank.open('1000', { owner: 'bob' })];
    const owner = (requestedBy: string) => ({ authority: 'owner', requestedBy }) as const;
    expect(await bank.settle(ada, bob, owner('ada'))).toEqual(['posted']);
    expect(await bank.settle(bob, ada, owner('ada'))).toEqual(['account_not_found']);
    expect(await bank.settle(BANK, ada, { ...owner('bank'), kind: 'deposit' })).toEqual([
      'account_not_found',
    ]);
  });
});

describe('limits', () => {
  it('of one transfer and of a day are kept, over transfers and withdrawals alike', async () => {
    const [debit, credit] = [await bank.open('9000'), await bank.open('0')];
    const take = (amountMinor: string) => bank.settle(debit, credit, { amountMinor });
    expect(await take('1001')).toEqual(['limit_exceeded']);
    expect(await take('1000')).toEqual(['posted']);
    expect(await bank.settle(debit, BANK, { kind: 'withdrawal', amountMinor: '501' })).toEqual([
      'limit_exceeded',
    ]);
    expect(await bank.settle(debit, BANK, { kind: 'withdrawal', amountMinor: '500' })).toEqual(['posted']);
    expect(await take('1')).toEqual(['limit_exceeded']);
    expect(await bank.settle(BANK, credit, { kind: 'deposit', amountMinor: '5000' })).toEqual(['posted']);
  });

  it('of a day are kept when many transfers come at once', async () => {
    const [debit, credit] = [await bank.open('9000'), await bank.open('0')];
    await Promise.all(Array.from({ length: 20 }, () => bank.deliver(requested(debit, credit))));
    expect(await bank.balance(credit)).toBe(1_500);
  });

  it('begin again with the next day', async () => {
    const [debit, credit] = [await bank.open('9000'), await bank.open('0')];
    await bank.settle(debit, credit, { amountMinor: '1000' });
    await bank.rows(`update account set spent_on = spent_on - 1 where id = $1`, [debit]);
    expect(await bank.settle(debit, credit, { amountMinor: '1000' })).toEqual(['posted']);
    expect(await bank.rows('select spent_minor::int as spent from account where id = $1', [debit])).toEqual([
      { spent: 1_000 },
    ]);
  });
});

describe('balances at their limit', () => {
  it('a deposit beyond it is rejected, from either side, and no fault of the database', async () => {
    const account = await bank.open('0');
    const deposit = (amountMinor: string) => bank.settle(BANK, account, { kind: 'deposit', amountMinor });
    await deposit('1');
    await bank.dataSource.transaction((manager) =>
      postTransfer(manager, {
        kind: 'opening_balance',
        transferId: null,
        requestedAt: null,
        debitAccountId: BANK,
        creditAccountId: account,
        amountMinor: BALANCE_MINOR_MAX - 1_000n,
        currency: 'EUR',
      }),
    );
    expect(await deposit('999')).toEqual(['posted']);
    expect((await bank.account(account)).balanceMinor).toBe('999999999999999999');
    expect(await deposit('1')).toEqual(['limit_exceeded']);

    const opening = await bank.request('POST', '/v1/accounts', {
      body: { owner: 'ada', currency: 'EUR', openingBalanceMinor: '1' },
    });
    expect([opening.status, opening.json<{ type: string }>().type]).toEqual([
      409,
      '/problems/currency-exhausted',
    ]);
    expect(await bank.rows('select 1 from account')).toHaveLength(2);
  });
});

describe('one outcome for each transfer', () => {
  const twice = (event: ReturnType<typeof requested>, change: object = {}) =>
    requested(event.data.debitAccountId, event.data.creditAccountId, { ...event.data, ...change });

  it('a posted transfer that is requested again under another event id is answered again, and moves nothing', async () => {
    const [debit, credit] = [await bank.open('150'), await bank.open('0')];
    const event = requested(debit, credit);
    await bank.deliver(event);
    await bank.deliver(twice(event));
    const [first, second] = await bank.emitted();
    expect(second?.data).toEqual(first?.data);
    expect([first?.type, second?.id === first?.id]).toEqual(['transfer.posted', false]);
    expect([await bank.balance(debit), await bank.balance(credit)]).toEqual([50, 100]);
    expect(await bank.rows('select outcome from settlement')).toEqual([{ outcome: 'posted' }]);
    expect(await bank.rows('select 1 from rejection')).toEqual([]);
  });

  it('a rejected transfer stays rejected when there is money by then', async () => {
    const [debit, credit] = [await bank.open('0'), await bank.open('0')];
    const event = requested(debit, credit);
    await bank.deliver(event);
    await bank.settle(BANK, debit, { kind: 'deposit', amountMinor: '500' });
    await bank.deliver(twice(event));
    const told = (await bank.emitted()).filter(({ subject }) => subject === event.data.transferId);
    expect(told.map(endOf)).toEqual(['insufficient_funds', 'insufficient_funds']);
    expect(told[1]?.data).toEqual(told[0]?.data);
    expect(await bank.balance(debit)).toBe(500);
  });

  it('under two event ids at once it is ended once, even if they name different accounts', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => bank.open('1000')));
    for (let round = 0; round < 10; round++) {
      const [a, b, c, d, e, f] = ids as [string, string, string, string, string, string];
      const transferId = uuidv7();
      const poor = { transferId, amountMinor: '999999' };
      const requests = [
        requested(a, b, { transferId, amountMinor: '10' }),
        requested(c, d, { transferId, amountMinor: '10' }),
        requested(e, f, poor),
        requested(b, a, { transferId, amountMinor: '10' }),
      ];
      await Promise.all(requests.map((request) => bank.deliver(request)));
      const told = (await bank.emitted()).filter(({ subject }) => subject === transferId);
      expect(told).toHaveLength(4);
      expect(new Set(told.map(({ data }) => JSON.stringify(data))).size).toBe(1);
    }
    expect(await bank.rows('select 1 from settlement')).toHaveLength(10);
  });
});

describe('closing against what is under way', () => {
  it('an account that money comes into is not closed with it on, and a closed one takes none', async () => {
    for (let round = 0; round < 15; round++) {
      const [debit, credit] = [await bank.open('100'), await bank.open('0')];
      const event = requested(debit, credit);
      const [closing] = await Promise.all([post(credit, 'close'), bank.deliver(event)]);
      const [told] = (await bank.emitted()).filter(({ subject }) => subject === event.data.transferId);
      const { status, balanceMinor } = await bank.account(credit);
      const possible = [
        [200, 'account_closed', 'closed', '0'],
        [409, 'posted', 'active', '100'],
      ];
      expect(possible).toContainEqual([closing.status, told && endOf(told), status, balanceMinor]);
    }
  });

  it('of transfers and a freeze at once, none is posted behind the freeze', async () => {
    const [debit, credit] = [await bank.open('1000'), await bank.open('0')];
    const transfers = Array.from({ length: 10 }, () => requested(debit, credit, { amountMinor: '10' }));
    const [freezing] = await Promise.all([
      post(debit, 'freeze'),
      ...transfers.map((transfer) => bank.deliver(transfer)),
    ]);
    const { version } = freezing.json<{ version: string }>();
    // Each posting is one version more: those before the freeze are all there are.
    expect((await bank.account(debit)).version).toBe(version);
    const posted = (await bank.emitted()).filter((event) => endOf(event) === 'posted').length;
    expect(Number(version)).toBe(2 + posted + 1);
  });
});
