import { StreamingServer } from '@app/streaming-server';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../src/parts/deadline.js';
import { openStage, orders, type Stage } from './stage.js';

jest.setTimeout(60_000);
const WITHIN_MS = 15_000;

describe('the agent in a service', () => {
  let broker: StreamingServer;
  let stage: Stage;
  let round = 0;

  beforeAll(async () => {
    broker = await StreamingServer.start({ clusterId: 'bank' });
    stage = await openStage(broker, {
      agents: { transactions: {}, accounts: {} },
      // What a killed process held is soon somebody else's.
      environment: { NATS_ACK_WAIT_MS: '1000', OUTBOX_LEASE_MS: '1000' },
    });
  });

  afterEach(async () => {
    await Promise.all([stage.bank.transactions.disarm(), stage.bank.accounts.disarm()]);
  });

  afterAll(async () => {
    await stage.close();
    await broker.stop();
  });

  /** Accepted in the end, whatever befalls the service meanwhile. */
  async function transfer(): Promise<string> {
    const [order] = orders(1, `round-${(round += 1)}`);
    await stage.client.send([order!], 1);
    return stage.client.transferOf(order!.key) ?? '';
  }

  async function postedInTheEnd(id: string): Promise<void> {
    await until('the transfer to be posted', WITHIN_MS, async () => {
      const answer = await fetch(`${stage.bank.transactions.url}/v1/transfers/${id}`).catch(() => undefined);
      const transfer = (await answer?.json()) as { status?: string } | undefined;
      return transfer?.status === 'posted' ? true : undefined;
    });
  }

  it('reports each step of a transfer with its facts, from when it is asked to, and no longer than that', async () => {
    const { transactions, accounts } = stage.bank;
    await postedInTheEnd(await transfer());
    expect(transactions.steps.end).toBe(0);
    await Promise.all([transactions.report(true), accounts.report(true)]);
    const id = await transfer();
    await postedInTheEnd(id);
    const heard = await accounts.waitForStep(
      { step: 'nats.message.acknowledged', match: { channel: 'transfer.requested' } },
      WITHIN_MS,
    );
    const { key, id: eventId } = heard.detail;
    const sent = { key: String(key), id: String(eventId) };
    await transactions.waitForStep({ step: 'outbox.relay.settled', match: sent }, WITHIN_MS);
    const steps = transactions.steps.since(0).filter(({ detail }) => [detail['id']].flat().includes(sent.id));
    expect(steps.map(({ step }) => step)).toEqual(
      expect.arrayContaining([
        'outbox.relay.claimed',
        'outbox.relay.publishing',
        'nats.publish.called',
        'nats.publish.sent',
        'nats.publish.acked',
        'outbox.relay.acked',
        'outbox.relay.settling',
        'outbox.relay.settled',
      ]),
    );
    expect(heard.detail).toMatchObject({ redelivered: false, brokerSequence: 2 });
    expect(heard.pid).toBe(accounts.pid);
    await transactions.report(false);
    const mark = transactions.steps.end;
    await postedInTheEnd(await transfer());
    expect(transactions.steps.end).toBe(mark);
    await accounts.report(false);
  });

  it.each([
    ['transactions', 'nats.publish.sent', { channel: 'transfer.requested' }],
    ['transactions', 'outbox.relay.acked', {}],
    ['accounts', 'inbox.recorded', { channel: 'transfer.requested' }],
    ['accounts', 'inbox.committed', {}],
    ['accounts', 'nats.publish.called', { channel: 'transfer.posted' }],
  ] as const)('kills %s at %s, and comes back with nothing armed', async (name, step, match) => {
    const service = stage.bank[name];
    const [{ pid }, before, strikes] = [service, service.exits.length, service.steps.strikes.length];
    await service.arm({ step, match, signal: 'SIGKILL' });
    const [id] = await Promise.all([transfer(), service.waitForExit(before + 1, WITHIN_MS)]);
    expect(service.exits.at(-1)).toMatchObject({ signal: 'SIGKILL' });
    expect(await service.waitForStrike(strikes + 1, WITHIN_MS)).toMatchObject({
      step,
      pid,
      signal: 'SIGKILL',
    });
    await postedInTheEnd(id);
    await postedInTheEnd(await transfer());
    expect(service.exits).toHaveLength(before + 1);
  });

  it('stops a process at the second of two steps, which goes on when it is told to', async () => {
    const { accounts } = stage.bank;
    const strikes = accounts.steps.strikes.length;
    await accounts.arm({ step: 'inbox.recorded', occurrence: 2, signal: 'SIGSTOP' });
    await postedInTheEnd(await transfer());
    const id = await transfer();
    await accounts.waitForStrike(strikes + 1, WITHIN_MS);
    await accounts.wake();
    await postedInTheEnd(id);
  });

  it('an order that is taken back is not carried out', async () => {
    const { transactions } = stage.bank;
    const strikes = transactions.steps.strikes.length;
    await transactions.arm({ step: 'nats.publish.called', signal: 'SIGKILL' });
    await transactions.disarm();
    await postedInTheEnd(await transfer());
    expect(transactions.steps.strikes).toHaveLength(strikes);
  });

  it('refuses an order for a step that the program does not have', async () => {
    await expect(
      stage.bank.transactions.arm({ step: 'outbox.relay.sneezed', signal: 'SIGKILL' }),
    ).rejects.toThrow('transactions takes no orders: this program has no step outbox.relay.sneezed');
  });
});
