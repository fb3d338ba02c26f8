import { StreamingServer } from '@app/streaming-server';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { readTraffic } from '../src/audit/read-books.js';
import { readChannel } from '../src/audit/witness.js';
import { firstDeliveries, numbersByKey } from '../src/relay-crashes/first-deliveries.js';
import type { BankClient } from '../src/demo/bank-client.js';
import { settle } from '../src/demo/settle.js';
import { relayOf, type ServiceName } from '../src/parts/bank.js';
import { until } from '../src/parts/deadline.js';
import { LogBook } from '../src/parts/log-book.js';
import { startNode } from '../src/parts/node-process.js';
import { entryOf, labFile } from '../src/parts/repository.js';
import type { Supervised } from '../src/parts/supervised.js';
import { openStage, orders, type Stage } from './stage.js';

jest.setTimeout(120_000);
const WITHIN_MS = 30_000;
const CONCURRENCY = 8;
const CHANNEL = 'transfer.requested';
const RELAYS_OFF = { OUTBOX_RELAY: 'off' };

/** Orders, one batch after the other, until it is stopped. */
class EndlessLoad {
  private stopped = false;
  private readonly sent: Promise<void>;

  constructor(client: BankClient) {
    this.sent = this.send(client);
    this.sent.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.sent;
  }

  private async send(client: BankClient): Promise<void> {
    for (let batch = 1; !this.stopped; batch += 1) await client.send(orders(20, `load-${batch}`), 2);
  }
}

describe('a relay that is a process of its own', () => {
  let broker: StreamingServer;
  let stage: Stage;
  let relays: Supervised[];

  beforeEach(async () => {
    relays = [];
    broker = await StreamingServer.start({ clusterId: 'bank' });
    stage = await openStage(broker, { environment: RELAYS_OFF });
  });

  afterEach(async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    await stage.close();
    await broker.stop();
  });

  async function startRelay(service: ServiceName, more?: Record<string, string>): Promise<Supervised> {
    const relay = relayOf(service, { ...stage, delivery: 'outbox', environment: RELAYS_OFF }, more);
    relays.push(relay);
    relay.start();
    await relay.waitForLine(/Relaying the events of/, WITHIN_MS);
    await relay.waitForLine(/Connected to NATS/, WITHIN_MS);
    return relay;
  }

  /** How many messages the broker has stored in the channel of the requested transfers. */
  function published(): number {
    return broker.streaming.channels.byName.get(CHANNEL)?.availableSequence ?? 0;
  }

  function untilPublished(count: number): Promise<true> {
    return until(`${count} messages to be published`, WITHIN_MS, () =>
      published() >= count ? true : undefined,
    );
  }

  it('nothing leaves without it; it may be killed, and all arrives once, in the order of each key', async () => {
    const { client, ground } = stage;
    await client.send(orders(40, 'before'), CONCURRENCY);
    expect(await readTraffic(ground.databases)).toMatchObject({ waiting: 40, sent: 0 });
    expect(published()).toBe(0);

    const relay = await startRelay('transactions');
    await startRelay('accounts');
    await untilPublished(40);

    const load = new EndlessLoad(client);
    for (const kill of [1, 2]) {
      await untilPublished(published() + 20);
      const [mark, { accepted }] = [relay.log.end, client.tally];
      relay.kill('SIGKILL');
      expect(await relay.waitForExit(kill, WITHIN_MS)).toMatchObject({ signal: 'SIGKILL' });
      await relay.waitForLine(/Connected to NATS/, WITHIN_MS, mark);
      expect(client.tally.accepted).toBeGreaterThan(accepted);
    }
    await load.stop();
    const { audit, traffic, consistent } = await settle(ground);
    const recorded = client.tally.accepted;
    expect({ ...audit, ...traffic, consistent }).toMatchObject({
      consistent: true,
      recorded,
      posted: recorded,
      waiting: 0,
    });
    const numbers = numbersByKey(firstDeliveries(await readChannel(broker, CHANNEL, WITHIN_MS)));
    expect(numbers.size).toBe(stage.accountIds.length);
    for (const ofKey of numbers.values()) expect(ofKey).toEqual(ofKey.map((_, index) => index + 1));
  });

  it('a commit in the service wakes it: one that never looks by itself publishes all the same', async () => {
    const neverPolls = pathToFileURL(labFile('relay-crashes/never-polls.js')).href;
    await startRelay('transactions', { NODE_OPTIONS: `--import=${neverPolls}` });
    for (const [index, order] of orders(3, 'one-by-one').entries()) {
      await stage.client.send([order], 1);
      await untilPublished(index + 1);
    }
  });

  it('the broker and the database see the service and its relay under names of their own', async () => {
    await startRelay('transactions');
    const { runName } = stage.ground;
    expect([...broker.streaming.clients.byId.keys()].sort()).toEqual([
      `accounts-${runName}`,
      `transactions-${runName}`,
      `transactions-${runName}-relay`,
    ]);
  });

  it('ends with code 0 when it is asked to, and with 75 when it loses the broker', async () => {
    const [asked, lonely] = [await startRelay('transactions'), await startRelay('accounts')];
    asked.kill('SIGTERM');
    expect(await asked.waitForExit(1, WITHIN_MS)).toMatchObject({ code: 0, signal: null });
    await broker.stop();
    expect(await lonely.waitForExit(1, WITHIN_MS)).toMatchObject({ code: 75, signal: null });
  });
});

describe('the environment of a relay', () => {
  it('a delivery without a relay is refused with exit code 78, and named', async () => {
    const log = new LogBook();
    const environment = {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      NATS_URL: 'nats://127.0.0.1:1',
      NATS_CLUSTER_ID: randomUUID(),
      EVENT_DELIVERY: 'direct',
    };
    const script = entryOf('accounts', 'relay.main.js');
    const { code } = await startNode({ name: 'relay', script, environment }, log).exited;
    expect(code).toBe(78);
    expect(log.tail()).toContain('EVENT_DELIVERY: expected outbox');
  });
});
