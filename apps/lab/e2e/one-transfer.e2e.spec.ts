import { StreamingServer } from '@app/streaming-server';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { through } from '../src/parts/bank.js';
import { until } from '../src/parts/deadline.js';
import { openStage, type Stage } from './stage.js';

jest.setTimeout(60_000);
const WITHIN_MS = 15_000;

describe('one transfer, followed', () => {
  let broker: StreamingServer;
  let stage: Stage;

  beforeAll(async () => {
    broker = await StreamingServer.start({ clusterId: 'bank' });
    const withSecret = new URL(through(broker.url, broker.port));
    withSecret.username = 'teller';
    withSecret.password = 'open-sesame';
    stage = await openStage(broker, { transactionsNatsUrl: withSecret.href });
  });

  afterAll(async () => {
    await stage.close();
    await broker.stop();
  });

  async function get(url: string): Promise<Record<string, unknown>> {
    return (await (await fetch(url)).json()) as Record<string, unknown>;
  }

  async function order(amountMinor: string): Promise<Record<string, unknown>> {
    const { transactions } = stage.bank;
    const [debitAccountId, creditAccountId] = stage.accountIds;
    const answer = await fetch(`${transactions.url}/v1/transfers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `order-${amountMinor}` },
      body: JSON.stringify({ debitAccountId, creditAccountId, amountMinor, currency: 'EUR' }),
    });
    expect(answer.status).toBe(202);
    const location = `${transactions.url}${answer.headers.get('location')}`;
    return until('the transfer to be settled', WITHIN_MS, async () => {
      const transfer = await get(location);
      return transfer['status'] === 'pending' ? undefined : transfer;
    });
  }

  async function balances(): Promise<unknown[]> {
    const { accounts } = stage.bank;
    const read = async (id: string) => (await get(`${accounts.url}/v1/accounts/${id}`))['balanceMinor'];
    return Promise.all(stage.accountIds.slice(0, 2).map(read));
  }

  it('a transfer asked for over REST reaches the ledger through NATS, and its outcome comes back', async () => {
    expect(await balances()).toEqual(['1000000', '1000000']);
    expect(await order('1250')).toMatchObject({ status: 'posted', amountMinor: '1250' });
    expect(await balances()).toEqual(['998750', '1001250']);
  });

  it('a transfer that nobody can pay comes back as rejected, with the reason, and moves nothing', async () => {
    const before = await balances();
    expect(await order('999999999')).toMatchObject({
      status: 'rejected',
      rejectionReason: 'insufficient_funds',
    });
    expect(await balances()).toEqual(before);
  });

  it('the broker sees exactly one connection and one client of each process', async () => {
    await order('1');
    expect([broker.core.connections.size, broker.core.connectionsTotal]).toEqual([2, 2]);
    expect([...broker.streaming.clients.byId.keys()].sort()).toEqual([
      `accounts-${stage.ground.runName}`,
      `transactions-${stage.ground.runName}`,
    ]);
  });

  it('the process says that it is connected: url without the secret, cluster, client id, milliseconds', async () => {
    const { transactions } = stage.bank;
    const [line] = await transactions.waitForLine(/Connected to NATS .*/, WITHIN_MS);
    expect(line).toMatch(
      new RegExp(
        `\\(url=nats://\\S*127\\.0\\.0\\.1:${broker.port} cluster=bank client=transactions-\\w+ in \\d+ ms\\)`,
      ),
    );
    expect(transactions.log.since(0).join('\n')).not.toContain('open-sesame');
  });
});
