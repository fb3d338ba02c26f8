import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { AccountsUnderTest, endOf, requested } from '../../testing/accounts-fixture.js';
import { LedgerModel, type ModelAccount } from '../../testing/ledger-model.js';
import { LedgerCast, ledgerSteps, type Step } from '../../testing/ledger-steps.js';
import type { RequestedTransfer } from './decide-transfer.js';

jest.setTimeout(120_000);

const LIMITS = { transferMinor: 80n, dailyMinor: 150n };

let bank: AccountsUnderTest;

beforeAll(async () => {
  bank = await AccountsUnderTest.start({ TRANSFER_LIMIT_MINOR: '80', DAILY_LIMIT_MINOR: '150' });
});
afterAll(() => bank.stop());

const eventOf = ({ debitAccountId, creditAccountId, amountMinor, ...rest }: RequestedTransfer) =>
  requested(debitAccountId, creditAccountId, { ...rest, amountMinor: amountMinor.toString() });

/** Does a step to both; a request is delivered twice, and now and then under another event id as well. */
async function take(step: Step, model: LedgerModel, cast: LedgerCast): Promise<void> {
  if (step.does === 'open') {
    const { owner, currency, amountMinor } = step;
    const id = await bank.open(amountMinor.toString(), { owner, currency });
    cast.accountIds.push(id);
    model.open({ id, owner, currency }, amountMinor);
  } else if ('account' in step) {
    const id = cast.accountId(step.account);
    const answer = await bank.request('POST', `/v1/accounts/${id}/${step.does}`);
    const { status, type } = answer.json<{ status: string; type?: string }>();
    expect(type?.replace('/problems/', '') ?? status).toBe(model.change(step.does, id));
  }
  const request = cast.requestOf(step);
  if (!request) return;
  model.settle(request);
  const event = eventOf(request);
  await Promise.all([bank.deliver(event), bank.deliver(event)]);
}

async function compare(model: LedgerModel): Promise<void> {
  const accounts = await bank.rows<Record<string, string | null>>(
    `select id, status, balance_minor as balance, version, spent_minor as spent,
       (select json_agg(amount_minor::text order by entry.id) from entry where account_id = account.id) as entries
     from account order by id`,
  );
  const expected = [...model.accounts.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map(rowOf);
  expect(accounts).toEqual(expected);
  const told = new Map<string, Set<string>>();
  for (const event of await bank.emitted()) {
    const { transferId } = event.data;
    told.set(transferId, (told.get(transferId) ?? new Set()).add(endOf(event)));
  }
  expect(told).toEqual(new Map([...model.outcomes].map(([id, outcome]) => [id, new Set([outcome])])));
}

const rowOf = ({ id, status, balanceMinor, version, spending, entries }: ModelAccount) => ({
  id,
  status,
  balance: balanceMinor.toString(),
  version: version.toString(),
  spent: (spending?.minor ?? 0n).toString(),
  entries: entries.length > 0 ? entries.map(String) : null,
});

describe('the service and the model in memory', () => {
  it('agree after any sequence of steps and redeliveries', async () => {
    await fc.assert(
      fc
        .asyncProperty(ledgerSteps(30), async (steps) => {
          const [{ today }] = (await bank.rows(
            `select (now() at time zone 'utc')::date::text as today`,
          )) as unknown as [{ today: string }];
          const model = new LedgerModel(LIMITS, today);
          const cast = new LedgerCast();
          for (const step of steps) await take(step, model, cast);
          await compare(model);
        })
        .afterEach(() => bank.reset()),
      { numRuns: 10 },
    );
  });
});
