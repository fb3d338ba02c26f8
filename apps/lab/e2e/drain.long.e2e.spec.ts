import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readBooks, readTraffic } from '../src/audit/read-books.js';
import { settle } from '../src/demo/settle.js';
import type { Service } from '../src/parts/bank.js';
import { Closers } from '../src/parts/closers.js';
import { until } from '../src/parts/deadline.js';
import { startStreamingServer, type StreamingServerPart } from '../src/parts/streaming-server.part.js';
import { Hold } from './hold.js';
import { openStage, type Stage } from './stage.js';

jest.setTimeout(90_000);
const WITHIN_MS = 20_000;
/** Longer than any test holds a handler: until then, the broker delivers its message to nobody else. */
const ACK_WAIT_MS = 60_000;
/** What ends "at once" ends far within this, and no shutdown of these tests has so short a deadline. */
const AT_ONCE_MS = 5_000;

/** What a request, a message's handler, and the relay at its next look write to. */
type HeldTable = 'idempotency_record' | 'inbox_message' | 'outbox_lane';

describe('SIGTERM with work in flight', () => {
  const open = new Closers();
  let broker: StreamingServerPart;
  let stage: Stage;

  beforeEach(async () => {
    broker = await startStreamingServer();
    open.add(() => broker.stop());
  });

  afterEach(() => open.close());

  async function start(shutdownTimeoutMs: number): Promise<void> {
    const environment = {
      NATS_ACK_WAIT_MS: String(ACK_WAIT_MS),
      SHUTDOWN_TIMEOUT_MS: String(shutdownTimeoutMs),
    };
    stage = await openStage(broker, { environment });
    open.add(() => stage.close());
  }

  async function hold(service: Service, table: HeldTable): Promise<Hold> {
    const held = await Hold.on(table, stage.ground.databases[service.name as 'transactions' | 'accounts']);
    open.add(() => held.release());
    return held;
  }

  function order(key: string, url = stage.bank.transactions.url): Promise<Response> {
    const [debitAccountId, creditAccountId] = stage.accountIds;
    return fetch(`${url}/v1/transfers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ debitAccountId, creditAccountId, amountMinor: '100', currency: 'EUR' }),
    });
  }

  /** Sends SIGTERM and waits until nobody listens on the service's port. */
  async function terminate(service: Service): Promise<void> {
    const { url } = service;
    service.kill('SIGTERM');
    await until(`${service.name} to refuse connections`, WITHIN_MS, async () => {
      const cause = await fetch(`${url}/health/live`).then(() => undefined, causeOf);
      return /ECONNREFUSED/.exec(cause ?? '') ?? undefined;
    });
  }

  /** Starts a service that has ended, lets everything settle, and counts the transfers and the redeliveries. */
  async function afterTheNextStart(service: Service) {
    const mark = service.log.end;
    service.start();
    await service.waitUntilListening(mark);
    const { audit, traffic, consistent } = await settle(stage.ground);
    return { consistent, posted: audit.posted, repeats: traffic.repeats };
  }

  it('no new request, the request answered, then the handler done and its message acknowledged', async () => {
    await start(WITHIN_MS);
    const { transactions } = stage.bank;
    const { url } = transactions;
    const handlers = await hold(transactions, 'inbox_message');
    expect((await order('before')).status).toBe(202);
    await handlers.untilFelt(WITHIN_MS);
    const requests = await hold(transactions, 'idempotency_record');
    const answer = order('in-flight');
    answer.catch(() => undefined);
    await requests.untilFelt(WITHIN_MS);

    await terminate(transactions);
    await expect(order('too-late', url)).rejects.toThrow();
    await requests.release();
    expect((await answer).status).toBe(202);
    expect(transactions.exits).toEqual([]);
    await handlers.release();

    expect(await transactions.waitForExit(1, WITHIN_MS)).toMatchObject({ code: 0, signal: null });
    expect(await afterTheNextStart(transactions)).toEqual({ consistent: true, posted: 2, repeats: 0 });
  });

  it('no new request either while the relay still waits', async () => {
    await start(WITHIN_MS);
    const { transactions } = stage.bank;
    const { url } = transactions;
    const relay = await hold(transactions, 'outbox_lane');
    await relay.untilFelt(WITHIN_MS);

    transactions.kill('SIGTERM');
    await transactions.waitForLine(/Stopping: SIGTERM/, WITHIN_MS);
    expect((await fetch(`${url}/health/live`)).status).toBe(503);
    await relay.release();
    expect(await transactions.waitForExit(1, WITHIN_MS)).toMatchObject({ code: 0, signal: null });
  });

  it('a message that comes while a handler ends is left to the next start', async () => {
    await start(WITHIN_MS);
    const { accounts } = stage.bank;
    const handlers = await hold(accounts, 'inbox_message');
    await order('in-flight');
    await handlers.untilFelt(WITHIN_MS);

    await terminate(accounts);
    await order('while-it-ends');
    await until('the next message to be at the broker', WITHIN_MS, async () =>
      (await readTraffic(stage.ground.databases)).sent === 2 ? true : undefined,
    );
    expect([await handlers.waiting(), accounts.exits]).toEqual([1, []]);
    await handlers.release();

    expect(await accounts.waitForExit(1, WITHIN_MS)).toMatchObject({ code: 0, signal: null });
    const { postings } = await readBooks(stage.ground.databases);
    expect(postings.filter(({ transferId }) => transferId !== null)).toHaveLength(1);
    expect(await afterTheNextStart(accounts)).toEqual({ consistent: true, posted: 2, repeats: 0 });
  });

  it('a handler that never ends is cut off at the deadline, with an error and code 1', async () => {
    const deadlineMs = 1_000;
    await start(deadlineMs);
    const { accounts } = stage.bank;
    const handlers = await hold(accounts, 'inbox_message');
    await order('stuck');
    await handlers.untilFelt(WITHIN_MS);

    const askedAt = Date.now();
    accounts.kill('SIGTERM');
    const { code, at } = await accounts.waitForExit(1, WITHIN_MS);
    expect(code).toBe(1);
    expect(at.getTime() - askedAt).toBeGreaterThanOrEqual(deadlineMs);
    expect(accounts.log.tail()).toContain(`The shutdown took over ${deadlineMs} ms; exiting`);
    await handlers.release();
    expect(await afterTheNextStart(accounts)).toMatchObject({ consistent: true, posted: 1 });
  });

  it('a second SIGTERM does not wait for a handler, and ends the process at once with code 143', async () => {
    await start(WITHIN_MS);
    const { accounts } = stage.bank;
    const handlers = await hold(accounts, 'inbox_message');
    await order('stuck');
    await handlers.untilFelt(WITHIN_MS);

    await terminate(accounts);
    expect(accounts.exits).toEqual([]);
    accounts.kill('SIGTERM');
    expect(await accounts.waitForExit(1, AT_ONCE_MS)).toMatchObject({ code: 143, signal: null });
    expect(accounts.log.tail()).toContain('A second SIGTERM cut the shutdown short; exiting');
    await handlers.release();
    expect(await afterTheNextStart(accounts)).toMatchObject({ consistent: true, posted: 1 });
  });
});

/** `fetch` itself says "fetch failed". */
function causeOf(error: unknown): string {
  return String((error as Error).cause);
}
