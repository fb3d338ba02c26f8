import { get as httpGet, type IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@app/nats/testing';
import { createTestDatabase, type TestDatabase } from '@app/outbox/testing';
import { forgetAll, TransactionsInstance } from '../../testing/transactions-service.fixture.js';
import { UNKNOWN_ID } from '../../testing/transfers.fixture.js';
import { SettlementWaiters } from './settlement-waiters.js';
import type { TransferView } from './transfer.schema.js';

jest.setTimeout(30_000);

/** Far less than the wait of a request that is woken: who waited for the deadline is seen by it. */
const PROMPT_MS = 5_000;

let database: TestDatabase;
let here: TransactionsInstance;
let there: TransactionsInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  here = await TransactionsInstance.start(database, { STREAM_HEARTBEAT_MS: 50 });
  there = await TransactionsInstance.start(database);
  for (const instance of [here, there]) await eventually('it listens', () => listens(instance));
});
afterEach(() => forgetAll(here.dataSource));
afterAll(async () => {
  await Promise.all([here.stop(), there.stop()]);
  await database.drop();
});

async function listens({ dataSource }: TransactionsInstance): Promise<boolean> {
  const rows = await dataSource.query<object[]>(
    `select from pg_stat_activity where datname = current_database()
       and application_name = 'transactions-hints' and query = 'listen transfer_settled' and state = 'idle'`,
  );
  return rows.length === 2;
}
const waitersOf = ({ service }: TransactionsInstance) => service.app.get(SettlementWaiters);
const isWaiting = (count: number) =>
  eventually(`${count} request(s) wait`, () => waitersOf(here).size === count);
const nobodyWaits = () => isWaiting(0);

describe('GET /v1/transfers/{id} with Prefer: wait', () => {
  const wait = (id: string, prefer: string) => here.get(`/v1/transfers/${id}`, { prefer });

  it.each([
    ['this', () => here],
    ['the other', () => there],
  ])('answers as soon as the outcome has arrived at %s instance', async (_, arrivesAt) => {
    const id = await here.order();
    const start = performance.now();
    const answer = wait(id, 'wait=20');
    await isWaiting(1);
    await arrivesAt().postedArrives(id);
    const response = await answer;
    expect(performance.now() - start).toBeLessThan(PROMPT_MS);
    expect(response.json()).toMatchObject({ id, status: 'posted' });
    expect(response.headers.get('preference-applied')).toBe('wait=20');
    await nobodyWaits();
  });

  it('answers a settled transfer at once', async () => {
    const id = await here.order();
    await here.rejectedArrives(id);
    const start = performance.now();
    expect((await wait(id, 'wait=20')).json()).toMatchObject({ status: 'rejected' });
    expect(performance.now() - start).toBeLessThan(PROMPT_MS);
  });

  it('answers with what is pending at the deadline', async () => {
    const id = await here.order();
    const start = performance.now();
    const response = await wait(id, 'wait=1');
    expect(performance.now() - start).toBeGreaterThanOrEqual(990);
    expect(response.json()).toMatchObject({ id, status: 'pending' });
    expect(response.headers.get('preference-applied')).toBe('wait=1');
    await nobodyWaits();
  });

  it('looks once more at the deadline: an outcome whose hint is lost is told', async () => {
    const id = await here.order();
    const answer = wait(id, 'wait=1');
    await isWaiting(1);
    await here.dataSource.query(
      `update transfer set status = 'posted', settled_at = clock_timestamp() where id = $1`,
      [id],
    );
    expect((await answer).json()).toMatchObject({ status: 'posted' });
  });

  it('asks the database twice for a wait that lasts, and no more', async () => {
    const id = await here.order();
    const find = jest.spyOn(here.dataSource.manager, 'findOneBy');
    await wait(id, 'wait=1');
    expect(find).toHaveBeenCalledTimes(2);
    find.mockRestore();
  });

  it('is not applied where it says nothing that is understood', async () => {
    const id = await here.order();
    const response = await wait(id, 'wait=soon, respond-async');
    expect(response.status).toBe(200);
    expect(response.headers.has('preference-applied')).toBe(false);
  });

  it('waits for nothing that is not there', async () => {
    expect((await wait(UNKNOWN_ID, 'wait=20')).status).toBe(404);
    await nobodyWaits();
  });

  it('is told of an outcome that arrived while its instance could not hear, when it hears again', async () => {
    const id = await here.order();
    const answer = wait(id, 'wait=20');
    await isWaiting(1);
    const start = performance.now();
    await here.dataSource.query(`update transfer set status = 'posted', settled_at = now() where id = $1`, [
      id,
    ]);
    await here.dataSource.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'transactions-hints'`,
    );
    expect((await answer).json()).toMatchObject({ status: 'posted' });
    expect(performance.now() - start).toBeLessThan(PROMPT_MS);
    await eventually('both listen again', () => listens(here));
  });
});

describe('GET /v1/transfers/{id}/events', () => {
  const events = (id: string, headers: Record<string, string> = {}) =>
    here.get(`/v1/transfers/${id}/events`, { accept: 'text/event-stream', ...headers });
  const parsed = (text: string) =>
    [...text.matchAll(/^id: (.*)\nevent: (.*)\ndata: (.*)\n\n/gm)].map(([, id, event, data = '']) => ({
      id,
      event,
      data: JSON.parse(data) as TransferView,
    }));

  it.each([
    ['this', () => here],
    ['the other', () => there],
  ])('tells pending, then the outcome that arrives at %s instance, and ends', async (_, arrivesAt) => {
    const id = await here.order();
    const answer = events(id);
    await isWaiting(1);
    await arrivesAt().rejectedArrives(id, 'limit_exceeded');
    const response = await answer;
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(parsed(response.text)).toMatchObject([
      { id: '1', event: 'pending', data: { id, status: 'pending' } },
      { id: '2', event: 'rejected', data: { id, status: 'rejected', rejectionReason: 'limit_exceeded' } },
    ]);
    await nobodyWaits();
  });

  it('tells the same two of a transfer that was settled before', async () => {
    const id = await here.order();
    await here.postedArrives(id);
    expect(parsed((await events(id)).text)).toMatchObject([
      { id: '1', event: 'pending', data: { status: 'pending' } },
      { id: '2', event: 'posted', data: { status: 'posted' } },
    ]);
  });

  it('goes on after Last-Event-ID, and answers 204 when there is nothing after it', async () => {
    const id = await here.order();
    await here.postedArrives(id);
    expect(parsed((await events(id, { 'last-event-id': '1' })).text)).toMatchObject([{ id: '2' }]);
    expect((await events(id, { 'last-event-id': '2' })).status).toBe(204);
    expect(parsed((await events(id, { 'last-event-id': 'x' })).text)).toHaveLength(2);
    await nobodyWaits();
  });

  it('carries comments while nothing happens, and gives its place free when the client goes', async () => {
    const id = await here.order();
    const url = await here.service.app.getUrl();
    const response = await new Promise<IncomingMessage>((resolve) =>
      httpGet(`${url}/v1/transfers/${id}/events`, resolve),
    );
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await eventually('two heartbeats', () => text.split(': still pending\n\n').length > 2);
    expect(waitersOf(here).size).toBe(1);
    response.destroy();
    await nobodyWaits();
  });

  it('is refused for a transfer that is not there', async () => {
    const response = await events(UNKNOWN_ID);
    expect(response.status).toBe(404);
    expect(response.json()).toMatchObject({ type: '/problems/transfer-not-found' });
    await nobodyWaits();
  });
});

describe('a shutdown', () => {
  it('ends streams and answers waits at once', async () => {
    const id = await here.order();
    const third = await TransactionsInstance.start(database);
    const stream = third.get(`/v1/transfers/${id}/events`);
    const answer = third.get(`/v1/transfers/${id}`, { prefer: 'wait=20' });
    await eventually('both wait', () => waitersOf(third).size === 2);
    const start = performance.now();
    await third.stop();
    expect((await answer).json()).toMatchObject({ status: 'pending' });
    expect((await stream).text).toMatch(/^retry: 1000\n\nid: 1\nevent: pending\n/);
    expect(performance.now() - start).toBeLessThan(PROMPT_MS);
  });
});
