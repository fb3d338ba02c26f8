import { afterEach, expect, it, jest } from '@jest/globals';
import { createBus, createConnection } from '../src/driver.js';
import { PublishRefusedError, type NatsOptions } from '../src/index.js';
import { eventually, RecordedLog, TEST_JETSTREAM, testNatsOptions } from '../testing/index.js';
import { CHANNEL, type Instance } from './bench.js';
import { JetStreamCluster } from './cluster.js';
import { onRealServers } from './on-real-servers.js';

jest.setTimeout(90_000);

const NODES = 3;
const MESSAGES = 300;
/** The node is killed when this many are acknowledged. */
const KILL_AFTER = 100;
/** Two elections, of the cluster's and of the stream's leader, on a busy machine. */
const ELECTED_MS = 60_000;

/** What is stopped after the test, whatever became of it; in reverse. */
const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of open.splice(0).reverse()) await stop();
});

async function instanceOn(url: string, given: Partial<NatsOptions> = {}): Promise<Instance> {
  const options = testNatsOptions({
    url,
    onConnectionLost: 'reconnect',
    connectTimeoutMs: 5_000,
    resumeTimeoutMs: 30_000,
    ackTimeoutMs: 2_000,
    ackWaitMs: 5_000,
    ...given,
  });
  const driver = { ...TEST_JETSTREAM, replicas: NODES };
  const connection = await createConnection({ ...options, driver }, [CHANNEL]);
  open.push(() => connection.close());
  const bus = await createBus(connection);
  await connection.connectWithRetry(ELECTED_MS);
  return { connection, bus };
}

/** As the relay does: until it is acknowledged, under the same id. */
async function publishUntilAcknowledged({ bus }: Instance, messageId: string): Promise<void> {
  await eventually(
    `${messageId} is acknowledged`,
    () =>
      bus.publish(CHANNEL, messageId, { messageId }).then(
        () => true,
        (error: unknown) => {
          if (error instanceof PublishRefusedError && !error.registrationLost) throw error;
          return false;
        },
      ),
    ELECTED_MS,
  );
}

onRealServers('three JetStream servers', ['nats-server', 'NATS_SERVER'], () => {
  it('one is killed under its clients: every acknowledged message is delivered, once stored', async () => {
    RecordedLog.start();
    const cluster = await JetStreamCluster.start(NODES);
    open.push(() => cluster.stop());
    const [first] = cluster.nodes;
    const publisher = await instanceOn(first!.url);
    const consumer = await instanceOn(first!.url, { queue: 'watchers' });
    const heard = new Map<number, string>();
    const subscription = consumer.bus.subscribe(CHANNEL, ({ sequence, data }) => {
      heard.set(sequence, data.toString());
      return Promise.resolve();
    });
    const sent = Array.from({ length: MESSAGES }, (_, index) => `coin-${index}`);
    for (const [index, messageId] of sent.entries()) {
      if (index === KILL_AFTER) await first!.process.stop('SIGKILL');
      await publishUntilAcknowledged(publisher, messageId);
    }
    await eventually('all are delivered', () => heard.size >= sent.length, ELECTED_MS);
    const inOrder = [...heard.entries()].sort(([one], [other]) => one - other).map(([, data]) => data);
    expect(inOrder).toEqual(sent);
    expect([publisher.bus.ready, consumer.bus.ready]).toEqual([true, true]);
    await subscription.drain();
  });
});
