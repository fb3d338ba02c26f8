import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { SubscriptionOptions } from 'node-nats-streaming';
import { close, connect, subscribe, unique, type Client, type Message } from './support/client.js';
import { startOwnServer, type ServerProcess } from './support/command.js';
import { eventually } from './support/eventually.js';
import { runSeed, seededRandom } from './support/seeded-random.js';

/** Kills in one run; the full run takes 100. */
const ROUNDS = Number(process.env.TEST_CRASH_ROUNDS ?? 6);
const IN_FLIGHT = 100;
const LOAD_MAX_MS = 250;
const ROUND_BUDGET_MS = 5_000;
const CHANNEL = 'crash';

const durable = (options: SubscriptionOptions): SubscriptionOptions =>
  options.setDurableName('d').setDeliverAllAvailable().setManualAckMode(true).setMaxInFlight(64);

/** What was seen over all rounds. */
class Witness {
  /** Messages whose publisher has the acknowledgement. */
  readonly published = new Set<string>();
  readonly acknowledged = new Set<string>();
  readonly violations: string[] = [];
  private readonly bySequence = new Map<number, string>();

  constructor(private readonly random: () => number) {}

  saw(sequence: number, data: string): void {
    const before = this.bySequence.get(sequence);
    if (before !== undefined && before !== data)
      this.violations.push(`${sequence} was ${before} and is ${data}`);
    this.bySequence.set(sequence, data);
  }

  /** Leaves some messages unacknowledged the first time: they must come again. */
  handle(message: Message): void {
    this.saw(Number(message.getSequence()), message.getRawData().toString());
    if (message.isRedelivered() || this.random() > 0.2) this.acknowledge(message);
  }

  acknowledge(message: Message): void {
    const data = message.getRawData().toString();
    this.saw(Number(message.getSequence()), data);
    message.ack();
    this.acknowledged.add(data);
  }
}

describe('kill -9 under load', () => {
  it(
    'loses no acknowledged message, changes no sequence, and no durable resumes past a message',
    async () => {
      const seed = runSeed();
      process.stderr.write(`crash rounds: ${ROUNDS}, TEST_SEED=${seed}\n`);
      const random = seededRandom(seed);
      const directory = await mkdtemp(join(tmpdir(), 'streaming-crash-'));
      const witness = new Witness(random);
      try {
        for (let round = 0; round < ROUNDS; round++) await crashUnderLoad(directory, witness, random);
        await verify(directory, witness);
      } finally {
        await rm(directory, { recursive: true });
      }
      expect(witness.published.size).toBeGreaterThan(0);
      expect(witness.violations).toEqual([]);
    },
    ROUNDS * ROUND_BUDGET_MS + 30_000,
  );
});

function start(directory: string): Promise<ServerProcess> {
  return startOwnServer(['-store', 'FILE', '-dir', directory]);
}

async function crashUnderLoad(directory: string, witness: Witness, random: () => number): Promise<void> {
  const server = await start(directory);
  const target = { url: server.url, clusterId: 'test-cluster' };
  const publisher = await connect(target, 'publisher', { reconnect: false });
  const subscriber = await connect(target, 'subscriber', { reconnect: false });
  const collector = await subscribe(subscriber, CHANNEL, { options: durable });
  collector.messages.forEach((message) => witness.handle(message));
  collector.subscription.on('message', (message: Message) => witness.handle(message));
  for (let index = 0; index < IN_FLIGHT; index++) publishOn(publisher, witness);
  await sleep(random() * LOAD_MAX_MS);
  const closed = [publisher, subscriber].map(
    (client) => new Promise((resolve) => client.once('close', resolve)),
  );
  await server.stop('SIGKILL');
  await Promise.all(closed);
}

/** One message after another, for as long as the server lives. */
function publishOn(client: Client, witness: Witness): void {
  const data = unique('message');
  let connected = true;
  client.once('disconnect', () => (connected = false));
  client.setMaxListeners(0);
  client.publish(CHANNEL, data, (error) => {
    // Without an error but also without a connection, the client doesn't know: it says so for what it gave up.
    if (error !== undefined || !connected) return;
    witness.published.add(data);
    publishOn(client, witness);
  });
}

async function verify(directory: string, witness: Witness): Promise<void> {
  const server = await start(directory);
  const target = { url: server.url, clusterId: 'test-cluster' };
  try {
    const subscriber = await connect(target, 'subscriber');
    const collector = await subscribe(subscriber, CHANNEL, { options: durable });
    collector.messages.forEach((message) => witness.acknowledge(message));
    collector.subscription.on('message', (message: Message) => witness.acknowledge(message));
    await allOf(witness.published, () => witness.acknowledged, 'for the durable');
    const reader = await subscribe(subscriber, CHANNEL, { options: (o) => o.setDeliverAllAvailable() });
    const read = new Set<string>();
    const readSoFar = () => {
      for (const { sequence, data } of reader.received.splice(0)) {
        witness.saw(sequence, data);
        read.add(data);
      }
      return read;
    };
    await allOf(witness.published, readSoFar, 'in the channel');
    await close(subscriber);
  } finally {
    await server.stop();
  }
}

/** A hundred rounds leave a backlog that is as long as the machine is fast: it may take long, but must not stand still. */
async function allOf(
  wanted: ReadonlySet<string>,
  soFar: () => ReadonlySet<string>,
  where: string,
): Promise<void> {
  for (let missing = wanted.size; missing > 0;) {
    const { size } = soFar();
    missing = [...wanted].filter((data) => !soFar().has(data)).length;
    if (missing > 0) await eventually(() => soFar().size > size, `${missing} more ${where}`, 10_000);
  }
}
