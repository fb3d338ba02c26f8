import { SCOPES } from '@app/service';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { Caller, type Answered } from '../src/load/caller.js';
import { complaintsOf } from '../src/load/complaints.js';
import { Bank, type ServiceName } from '../src/parts/bank.js';
import { Closers } from '../src/parts/closers.js';
import { until } from '../src/parts/deadline.js';
import { Parts, type Ground } from '../src/parts/parts.js';
import type { BrokerAddress } from '../src/parts/streaming-client.js';
import { startStreamingServer } from '../src/parts/streaming-server.part.js';

jest.setTimeout(60_000);
const SECRET = randomBytes(32).toString('hex');
const ORDINARY = SCOPES.filter((scope) => scope !== 'bank:admin');
const AMOUNT = { amountMinor: '100', currency: 'EUR' };
const OPENING = { currency: 'EUR', openingBalanceMinor: '1000' };
const WITHIN_MS = 20_000;
/** What is not the same in any two answers. */
const PASSING_HEADERS = /^(date|content-length|x-ratelimit-.*)$/;

const idSchema = z.looseObject({ id: z.string() });
const itemsSchema = z.looseObject({ items: z.array(idSchema) });
const problemSchema = z.looseObject({ type: z.string() });
const endSchema = z.object({ status: z.string(), rejectionReason: z.string().optional() });
const documentSchema = z.looseObject({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({ security: z.array(z.object({ bearer: z.array(z.string()).optional() })) }),
    ),
  ),
});

const open = new Closers();
let bank: Bank;
let complaints: readonly (readonly string[])[];
let alice: Caller;
let mallory: Caller;
let admin: Caller;
/** Alice's account, her transfer to Carol, the key that she ordered it with, and Mallory's account. */
let hers: { account: string; transfer: string; key: string };
let malloryAccount: string;

/** One route, and who it is for. */
interface Row {
  /**
   * Everybody; the bank alone; or a customer, each for what is theirs: `probe` is what another one tries, by default to
   * reach Alice's thing by its id.
   */
  readonly for: 'everybody' | 'bank' | 'customers';
  readonly body?: () => object;
  /** What Alice is answered, who may, by the same request (default: 200). */
  readonly answersOwner?: number;
  readonly probe?: () => Promise<void>;
}

type RouteRow = readonly [route: string, row: Row];

const EVERYBODY: Row = { for: 'everybody' };
const BANK: Row = { for: 'bank' };
const CUSTOMERS: Row = { for: 'customers' };
const cash: Row = { for: 'bank', body: () => ({ accountId: hers.account, ...AMOUNT }) };
/** Moves Alice's money. */
const fromHers = () => ({ debitAccountId: hers.account, creditAccountId: malloryAccount, ...AMOUNT });

const ROUTES: Record<ServiceName, Record<string, Row>> = {
  transactions: {
    'GET /health': EVERYBODY,
    'GET /health/live': EVERYBODY,
    'GET /health/ready': EVERYBODY,
    'GET /metrics': EVERYBODY,
    'POST /v1/transfers': { for: 'customers', body: fromHers, answersOwner: 202, probe: ordersFromHers },
    'POST /v1/transfers/batch': {
      for: 'customers',
      body: () => ({ mode: 'all', transfers: [fromHers()] }),
      answersOwner: 202,
      probe: ordersManyFromHers,
    },
    'GET /v1/transfers': { for: 'customers', probe: listsTransfers },
    'GET /v1/transfers/{id}': CUSTOMERS,
    'GET /v1/transfers/{id}/events': CUSTOMERS,
    'POST /v1/transfers/{id}/reversal': BANK,
    'POST /v1/deposits': cash,
    'POST /v1/withdrawals': cash,
    'GET /v1/reconciliation': BANK,
  },
  accounts: {
    'GET /health': EVERYBODY,
    'GET /health/live': EVERYBODY,
    'GET /health/ready': EVERYBODY,
    'GET /metrics': EVERYBODY,
    'POST /v1/accounts': {
      for: 'customers',
      body: () => ({ owner: 'alice', currency: 'JPY' }),
      answersOwner: 201,
      probe: opensAccounts,
    },
    'GET /v1/accounts': { for: 'customers', probe: listsAccounts },
    'GET /v1/accounts/{id}': CUSTOMERS,
    'GET /v1/accounts/{id}/entries': CUSTOMERS,
    'POST /v1/accounts/{id}/freeze': BANK,
    'POST /v1/accounts/{id}/unfreeze': BANK,
    // There is money on it.
    'POST /v1/accounts/{id}/close': { for: 'customers', answersOwner: 409 },
    'GET /v1/reconciliation': BANK,
  },
};

const SERVICES = ['transactions', 'accounts'] as const;

beforeAll(async () => {
  const broker = await startStreamingServer();
  open.add(() => broker.stop());
  const ground = await openGround(broker);
  open.add(() => ground.close());
  bank = new Bank({ ground, delivery: 'outbox', environment: { AUTH_JWT_SECRET: SECRET } });
  open.add(() => bank.stop());
  await bank.start();
  complaints = [bank.transactions, bank.accounts].map(complaintsOf);
  alice = await Caller.of('alice', ORDINARY, SECRET);
  mallory = await Caller.of('mallory', ORDINARY, SECRET);
  admin = await Caller.of('the bank', SCOPES, SECRET);
  const [account, carols, key] = [await openAccount('alice'), await openAccount('carol'), randomUUID()];
  malloryAccount = await openAccount('mallory');
  const body = { ...AMOUNT, debitAccountId: account, creditAccountId: carols };
  hers = { account, key, transfer: idOf(await order(alice, body, key)) };
  // A second one, so that her list has a second page.
  await order(alice, body);
  await untilSettled(alice);
});

afterAll(() => open.close());

describe.each(SERVICES)('of %s', (service) => {
  const rows = Object.entries(ROUTES[service]);
  const rowsFor = (who: Row['for']) => rows.filter(([, row]) => row.for === who);
  const guarded = [...rowsFor('bank'), ...rowsFor('customers')];

  it('every route of the document is tried here, and no other', async () => {
    expect([...(await scopesOf(service)).keys()].toSorted()).toEqual(rows.map(([route]) => route).toSorted());
  });

  it.each(rowsFor('everybody'))('%s says nothing of anybody', async (...row) => {
    const answer = await send(Caller.nobody(), service, row);
    expect(answer.status).toBe(200);
    for (const secret of [...Object.values(hers), 'alice']) expect(answer.text).not.toContain(secret);
  });

  it.each(guarded)(
    '%s is refused without a token, and with one that another secret has signed',
    async (...row) => {
      const stranger = await Caller.of('alice', SCOPES, randomBytes(32).toString('hex'));
      for (const caller of [Caller.nobody(), stranger]) {
        expect(refusalOf(await send(caller, service, row))).toEqual([401, 'unauthenticated']);
      }
    },
  );

  it.each(guarded)('%s is refused without its scope, even to whom it belongs', async (...row) => {
    const needed = (await scopesOf(service)).get(row[0]) ?? [];
    expect(needed).toHaveLength(1);
    const rest = SCOPES.filter((scope) => !needed.includes(scope));
    const answer = await send(await Caller.of('alice', rest, SECRET), service, row);
    expect(refusalOf(answer)).toEqual([403, 'insufficient-scope']);
  });

  it.each(rowsFor('bank'))('%s is for the bank alone', async (...row) => {
    const found = await hersAsTheyAre();
    for (const caller of [alice, mallory]) {
      expect(refusalOf(await send(caller, service, row))).toEqual([403, 'insufficient-scope']);
    }
    expect(await hersAsTheyAre()).toEqual(found);
  });

  it.each(rowsFor('customers'))("%s reaches nothing of another's, and what is one's own", async (...row) => {
    const found = await hersAsTheyAre();
    await (row[1].probe?.() ?? answersAsIfThereWereNone(service, row));
    expect(await hersAsTheyAre()).toEqual(found);
    expect((await send(alice, service, row)).status).toBe(row[1].answersOwner ?? 200);
    await untilSettled(alice);
  });
});

it('no service has logged a warning or an error', () => {
  expect(complaints.flat()).toEqual([]);
});

/** The same answer, to the letter, as for an id that nobody has. */
async function answersAsIfThereWereNone(service: ServiceName, row: RouteRow): Promise<void> {
  const [others, nobodys] = [idFor(service), randomUUID()];
  const answer = await send(mallory, service, row, others);
  expect(answer.status).toBe(404);
  expect(gistOf(answer, others)).toEqual(gistOf(await send(mallory, service, row, nobodys), nobodys));
}

/** Under Alice's own key, too: it is another one, since it is another caller's. */
async function ordersFromHers(): Promise<void> {
  const nobodys = randomUUID();
  const ends: unknown[] = [];
  for (const [debitAccountId, key] of [
    [hers.account, hers.key],
    [nobodys, randomUUID()],
  ] as const) {
    const answer = await order(mallory, { ...fromHers(), debitAccountId }, key);
    expect([answer.status, answer.headers.has('idempotency-replayed')]).toEqual([202, false]);
    ends.push(await endOf(mallory, idOf(answer)));
  }
  expect(ends).toEqual(Array(2).fill({ status: 'rejected', rejectionReason: 'account_not_found' }));
}

async function ordersManyFromHers(): Promise<void> {
  for (const mode of ['all', 'each']) {
    const body = { mode, transfers: [fromHers(), fromHers()] };
    const answer = await mallory.send({
      method: 'POST',
      url: `${bank.transactions.url}/v1/transfers/batch`,
      body,
    });
    expect(answer.status).toBe(202);
    for (const { id } of itemsOf(answer)) {
      const end = await endOf(mallory, id);
      expect(end).toEqual({ status: 'rejected', rejectionReason: 'account_not_found' });
    }
  }
}

/** Neither by her account nor by a cursor out of her own list. */
async function listsTransfers(): Promise<void> {
  const url = `${bank.transactions.url}/v1/transfers`;
  const page = await alice.send({ method: 'GET', url: `${url}?limit=1` });
  const { nextCursor } = z.looseObject({ nextCursor: z.string() }).parse(JSON.parse(page.text));
  const all = itemsOf(await alice.send({ method: 'GET', url: `${url}?limit=100` })).map(({ id }) => id);
  expect(all).toContain(hers.transfer);
  for (const query of ['limit=100', `account=${hers.account}`, `cursor=${nextCursor}`]) {
    const answer = await mallory.send({ method: 'GET', url: `${url}?${query}` });
    expect(answer.status).toBe(200);
    expect(itemsOf(answer).filter(({ id }) => all.includes(id))).toEqual([]);
  }
}

async function opensAccounts(): Promise<void> {
  const url = `${bank.accounts.url}/v1/accounts`;
  const count = async () => itemsOf(await alice.send({ method: 'GET', url })).length;
  const found = await count();
  for (const body of [{ owner: 'alice', currency: 'EUR' }, OPENING, { ...OPENING, owner: 'mallory' }]) {
    const answer = await mallory.send({ method: 'POST', url, body });
    expect(refusalOf(answer)).toEqual([403, 'insufficient-scope']);
  }
  expect(await count()).toBe(found);
}

async function listsAccounts(): Promise<void> {
  const url = `${bank.accounts.url}/v1/accounts`;
  const listed = async (query: string) =>
    itemsOf(await mallory.send({ method: 'GET', url: `${url}?${query}` })).map(({ id }) => id);
  expect(await listed('limit=100')).toEqual([malloryAccount]);
  expect(await listed('owner=alice')).toEqual([]);
}

/** On the test's PostgreSQL, in schemas of its own. */
async function openGround({ url, clusterId }: BrokerAddress): Promise<Ground> {
  const database = process.env['TEST_POSTGRES_URL'];
  const given = { TRANSACTIONS_DATABASE_URL: database, ACCOUNTS_DATABASE_URL: database };
  const parts = await Parts.start({ ...given, NATS_URL: url, NATS_CLUSTER_ID: clusterId }, () => undefined);
  return parts.openGround('callers');
}

/** The operations of a service's document with the scopes that each asks for. */
async function scopesOf(service: ServiceName): Promise<ReadonlyMap<string, readonly string[]>> {
  const { text } = await Caller.nobody().send({ method: 'GET', url: `${bank[service].url}/openapi.json` });
  const { paths } = documentSchema.parse(JSON.parse(text));
  return new Map(
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { security }]) => [
        `${method.toUpperCase()} ${path}`,
        security.flatMap(({ bearer = [] }) => bearer),
      ]),
    ),
  );
}

function send(
  caller: Caller,
  service: ServiceName,
  [route, row]: RouteRow,
  id = idFor(service),
): Promise<Answered> {
  const [method = '', path = ''] = route.split(' ');
  const url = `${bank[service].url}${path.replace('{id}', id)}`;
  return caller.send({ method, url, body: row.body?.() });
}

function idFor(service: ServiceName): string {
  return service === 'transactions' ? hers.transfer : hers.account;
}

async function openAccount(owner: string): Promise<string> {
  const body = { ...OPENING, owner };
  return idOf(await admin.send({ method: 'POST', url: `${bank.accounts.url}/v1/accounts`, body }));
}

function order(caller: Caller, body: object, idempotencyKey: string = randomUUID()): Promise<Answered> {
  return caller.send({ method: 'POST', url: `${bank.transactions.url}/v1/transfers`, body, idempotencyKey });
}

/** Waits for the outcome of a transfer. */
async function endOf(caller: Caller, id: string): Promise<unknown> {
  const url = `${bank.transactions.url}/v1/transfers/${id}`;
  const answer = await caller.send({ method: 'GET', url, prefer: 'wait=20' });
  return endSchema.parse(JSON.parse(answer.text));
}

async function untilSettled(caller: Caller): Promise<void> {
  const url = `${bank.transactions.url}/v1/transfers?status=pending`;
  await until('all transfers to be settled', WITHIN_MS, async () =>
    itemsOf(await caller.send({ method: 'GET', url })).length === 0 ? true : undefined,
  );
}

/** Alice's account and transfer, as the bank sees them. */
async function hersAsTheyAre(): Promise<readonly string[]> {
  const urls = [
    `${bank.accounts.url}/v1/accounts/${hers.account}`,
    `${bank.transactions.url}/v1/transfers/${hers.transfer}`,
  ];
  const answers = await Promise.all(urls.map((url) => admin.send({ method: 'GET', url })));
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  return answers.map(({ text }) => text);
}

function idOf({ text }: Answered): string {
  return idSchema.parse(JSON.parse(text)).id;
}

function itemsOf({ text }: Answered): readonly { readonly id: string }[] {
  return itemsSchema.parse(JSON.parse(text)).items;
}

/** The status and the problem's name. */
function refusalOf({ status, text }: Answered): readonly [number, string | undefined] {
  return [status, problemSchema.parse(JSON.parse(text)).type.split('/').at(-1)];
}

function gistOf({ status, headers, text }: Answered, id: string): unknown {
  const lasting = [...headers].filter(([name]) => !PASSING_HEADERS.test(name));
  return { status, headers: Object.fromEntries(lasting), text: text.replaceAll(id, '<id>') };
}
