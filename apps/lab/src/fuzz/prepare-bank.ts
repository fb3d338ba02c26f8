import { randomUUID } from 'node:crypto';
import { BadAnswerError } from '../lab.errors.js';
import type { ServiceName } from '../parts/bank.js';
import { until } from '../parts/deadline.js';
import type { Prepared } from './known-things.js';
import type { RawClient } from './send-request.js';

const CURRENCY = 'EUR';
const FUNDED = 8;
const FREEZABLE = 4;
const CLOSED = 4;
/** Enough for every transfer that can be paid at all. */
const FUNDS_MINOR = '1000000000000';
/** The most that one batch takes. */
const BATCH_MAX = 1_000;
const SETTLED_WITHIN_MS = 120_000;

type Clients = Readonly<Record<ServiceName, RawClient>>;

/** Opens accounts, and has so many transfers posted between them. */
export async function prepareBank(clients: Clients, transfers: number): Promise<Prepared> {
  const open = (count: number, openingBalanceMinor: string) =>
    Promise.all(Array.from({ length: count }, () => openOne(clients, openingBalanceMinor)));
  const [funded, freezable, closed] = [
    await open(FUNDED, FUNDS_MINOR),
    await open(FREEZABLE, '1'),
    await open(CLOSED, '0'),
  ];
  const [frozen = ''] = await open(1, '0');
  const change = (id: string, what: string) => post(clients.accounts, `/v1/accounts/${id}/${what}`);
  await Promise.all([change(frozen, 'freeze'), ...closed.map((id) => change(id, 'close'))]);
  const posted: string[] = [];
  while (posted.length < transfers) {
    posted.push(...(await postBatch(clients, funded, Math.min(transfers - posted.length, BATCH_MAX))));
  }
  await Promise.all(posted.slice(-1).map(() => settled(clients)));
  return { funded, freezable, closed, frozen, posted };
}

async function openOne({ accounts }: Clients, openingBalanceMinor: string): Promise<string> {
  const body = { owner: 'ada', currency: CURRENCY, openingBalanceMinor };
  return ((await post(accounts, '/v1/accounts', body)) as { id: string }).id;
}

async function postBatch(
  { transactions }: Clients,
  funded: readonly string[],
  count: number,
): Promise<string[]> {
  const transfers = Array.from({ length: count }, (_, index) => ({
    debitAccountId: funded[index % FUNDED],
    creditAccountId: funded[(index + 1) % FUNDED],
    amountMinor: '1',
    currency: CURRENCY,
  }));
  const answer = await post(transactions, '/v1/transfers/batch', { mode: 'all', transfers });
  return (answer as { items: { id: string }[] }).items.map(({ id }) => id);
}

async function settled({ transactions }: Clients): Promise<void> {
  await until('the prepared transfers to be settled', SETTLED_WITHIN_MS, async () => {
    const { text } = await transactions.send({
      method: 'GET',
      target: '/v1/transfers?status=pending&limit=1',
    });
    return (JSON.parse(text) as { items: unknown[] }).items.length === 0 ? true : undefined;
  });
}

async function post(client: RawClient, target: string, body?: object): Promise<unknown> {
  const headers = {
    'Idempotency-Key': randomUUID(),
    ...(body ? { 'Content-Type': 'application/json' } : {}),
  };
  const { status, text } = await client.send({
    method: 'POST',
    target,
    headers,
    body: body && Buffer.from(JSON.stringify(body)),
  });
  if (status >= 300) throw new BadAnswerError(target, `${status} ${text}`);
  return JSON.parse(text);
}
