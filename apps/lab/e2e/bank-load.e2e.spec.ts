import { isSystemAccountId } from '@app/contracts';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { audit, isConsistent, type Audit } from '../src/audit/audit.js';
import type { Books } from '../src/audit/books.js';
import { readBooks, readTraffic } from '../src/audit/read-books.js';
import { complaintsOf } from '../src/load/complaints.js';
import { readFacts, type DatabaseFacts } from '../src/load/database-facts.js';
import { LoadClients, type Instances } from '../src/load/load-clients.js';
import { accountOpenings, writeLoad, type LoadAccount } from '../src/load/load-plan.js';
import { Bank, type ServiceName } from '../src/parts/bank.js';
import { Closers } from '../src/parts/closers.js';
import { until } from '../src/parts/deadline.js';
import { startStreamingServer } from '../src/parts/streaming-server.part.js';
import { differences, reconciliationSchema, type Reconciliation } from '../src/reconcile/compare.js';
import { openStage } from './stage.js';

/** `TEST_SEED` repeats the orders of a run that failed; `TEST_BANK_TRANSFERS=10000` is the long form. */
const SEED = Number(process.env['TEST_SEED'] ?? randomInt(2 ** 31));
const TRANSFERS = Number(process.env['TEST_BANK_TRANSFERS'] ?? 600);
const ACCOUNTS = 50;
const CLIENTS = 32;
/** Four processes start at once. */
const START_MS_MAX = 60_000;
/** Far longer than one transfer takes on a machine that does other things too. */
const TRANSFER_MS_MAX = 60;
const SETTLE_MS_MAX = START_MS_MAX + TRANSFERS * TRANSFER_MS_MAX;
/** Far more than the plan has on average. */
const REVERSALS_MAX = TRANSFERS / 5;
const THE_BEGINNING = '1970-01-01T00:00:00.000Z';
const ENVIRONMENT = { RATE_LIMIT_PER_MINUTE: '0', RECONCILIATION_LAG_MS: '0' };

jest.setTimeout(2 * SETTLE_MS_MAX);

describe('random orders from many clients, with two instances of each service', () => {
  const open = new Closers();
  let banks: readonly [Bank, Bank];
  let clients: LoadClients;
  let books: Books;
  let found: Audit;
  let facts: Record<ServiceName, DatabaseFacts>;
  let complaints: readonly (readonly string[])[];

  const addressesOf = (service: ServiceName): Instances => {
    const [one, other] = banks.map((bank) => bank[service].url);
    if (one === undefined || other === undefined) throw new Error(`an instance of ${service} is down`);
    return [one, other];
  };

  beforeAll(async () => {
    const broker = await startStreamingServer();
    open.add(() => broker.stop());
    const { ground, bank, close } = await openStage(broker, { environment: ENVIRONMENT });
    open.add(close);
    const second = new Bank({ ground, delivery: 'outbox', environment: ENVIRONMENT, instance: 'second' });
    open.add(() => second.stop());
    await second.start();
    banks = [bank, second];
    complaints = banks.flatMap(({ transactions, accounts }) => [transactions, accounts].map(complaintsOf));

    const plan = writeLoad(await openAccounts(addressesOf('accounts')), TRANSFERS, SEED);
    clients = new LoadClients(addressesOf('transactions'));
    const startedAt = Date.now();
    await clients.run(plan, CLIENTS);
    const answeredMs = Date.now() - startedAt;
    await until('nothing to be pending or on its way', SETTLE_MS_MAX, async () => {
      const { waiting, outcomesWaiting } = await readTraffic(ground.databases);
      return waiting + outcomesWaiting === 0 && (await pendingAt(banks)) === 0 ? true : undefined;
    });
    const settledMs = Date.now() - startedAt;
    books = await readBooks(ground.databases);
    found = audit(books);
    const { transactions, accounts } = ground.databases;
    facts = { transactions: await readFacts(transactions), accounts: await readFacts(accounts) };
    const { repeats } = await readTraffic(ground.databases);
    const { recorded, posted, rejected } = found;
    const figures = { seed: SEED, recorded, posted, rejected, answeredMs, settledMs, repeats, ...facts };
    process.stderr.write(`bank load: ${JSON.stringify({ ...figures, answers: clients.answers }, null, 2)}\n`);
  });

  afterAll(() => open.close());

  it('every request is answered as it must be: one key and one reversal count once, and nothing fails', () => {
    expect({ TEST_SEED: SEED, surprises: clients.surprises }).toEqual({ TEST_SEED: SEED, surprises: [] });
    const faults = Object.keys(clients.answers).filter((line) => / 5\d\d/.test(line));
    expect(faults).toEqual([]);
  });

  it('what clients were told is recorded is what is recorded, and nothing else', () => {
    expect(books.transfers.map(({ id }) => id).toSorted()).toEqual([...clients.recorded].toSorted());
    expect(found.recorded).toBeGreaterThanOrEqual(TRANSFERS);
    expect(found.recorded).toBeLessThan(TRANSFERS + REVERSALS_MAX);
  });

  it('everything is settled; sums, entries and statuses agree in both databases', () => {
    expect({ TEST_SEED: SEED, consistent: isConsistent(found), audit: found }).toMatchObject({
      TEST_SEED: SEED,
      consistent: true,
    });
    expect(found.posted + found.rejected).toBe(found.recorded);
    expect(found.posted).toBeGreaterThan(TRANSFERS / 2);
    expect(found.rejected).toBeGreaterThan(0);
  });

  it("the balances of each currency sum to zero, and none but the bank's own is below it", () => {
    const currencies = new Set(books.accounts.map(({ currency }) => currency));
    expect([...currencies].toSorted()).toEqual(['EUR', 'JPY']);
    for (const code of currencies) {
      const balances = books.accounts.filter(({ currency }) => currency === code);
      expect(balances.reduce((sum, { balanceMinor }) => sum + balanceMinor, 0n)).toBe(0n);
    }
    const overdrawn = books.accounts.filter(
      ({ id, balanceMinor }) => balanceMinor < 0n && !isSystemAccountId(id),
    );
    expect(overdrawn).toEqual([]);
  });

  it('the reconciliations of both services agree over the whole span, whichever instance is asked', async () => {
    const to = (await Promise.all(allOf(banks).map((url) => reconciliationOf(url))))
      .map(({ closedUntil }) => closedUntil)
      .toSorted()[0];
    for (const bank of banks) {
      const [transactions, accounts] = await Promise.all(
        allOf([bank]).map((url) => reconciliationOf(url, { from: THE_BEGINNING, to: to ?? '' })),
      );
      if (transactions === undefined || accounts === undefined) throw new Error('nobody answered');
      expect(differences(transactions, accounts)).toEqual([]);
      const count = (outcome: 'posted' | 'rejected') =>
        transactions.currencies.reduce((sum, currency) => sum + currency[outcome].count, 0);
      expect([count('posted'), count('rejected')]).toEqual([found.posted, found.rejected]);
    }
  });

  it('no instance has logged a warning or an error, and nothing is among the dead letters', () => {
    expect(complaints.flat()).toEqual([]);
    const none = { deadLetters: 0, parked: 0 };
    expect(facts).toMatchObject({ transactions: none, accounts: none });
  });

  it('each instance has had its share', () => {
    const handled = banks.flatMap((bank) =>
      [bank.transactions, bank.accounts].map(
        ({ log }) => log.since(0).filter((line) => line.includes('"outcome":"processed"')).length,
      ),
    );
    for (const messages of handled) expect(messages).toBeGreaterThan(0);
  });
});

async function openAccounts([one, other]: Instances): Promise<LoadAccount[]> {
  return Promise.all(
    accountOpenings(ACCOUNTS).map(async (opening, index) => {
      const response = await fetch(`${index % 2 === 0 ? one : other}/v1/accounts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(opening),
      });
      if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
      return (await response.json()) as LoadAccount;
    }),
  );
}

function allOf(banks: readonly Bank[]): string[] {
  return banks.flatMap(({ transactions, accounts }) => [transactions.url ?? '', accounts.url ?? '']);
}

async function reconciliationOf(url: string, span: Record<string, string> = {}): Promise<Reconciliation> {
  const response = await fetch(`${url}/v1/reconciliation?${new URLSearchParams(span).toString()}`);
  return reconciliationSchema.parse(await response.json());
}

async function pendingAt([{ transactions }]: readonly [Bank, Bank]): Promise<number> {
  const { currencies } = await reconciliationOf(transactions.url ?? '');
  return currencies.reduce((sum, { pending }) => sum + (pending?.count ?? 0), 0);
}
