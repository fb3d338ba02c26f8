import type { NatsStep } from '@app/nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Cable, layCable } from '../src/cable/cable.js';
import { commitOf, publishOf } from '../src/cable/patterns.js';
import type { Outcome } from '../src/cable/strike.js';
import { CHANNEL } from '../src/exhibits/exhibit-stage.js';
import { runNode } from '../src/exhibits/run-node.js';
import { through } from '../src/parts/bank.js';
import type { Broker } from '../src/parts/broker.js';
import { until, within } from '../src/parts/deadline.js';
import { natsServerBinary, startNatsServer } from '../src/parts/nats-server.part.js';
import { labFile } from '../src/parts/repository.js';
import { readRows } from '../src/parts/sql.js';
import { startStreamingServer } from '../src/parts/streaming-server.part.js';
import { openStage, orders, type Stage } from './stage.js';

jest.setTimeout(120_000);
const WITHIN_MS = 30_000;
const TRANSFERS = 'select amount_minor from transfer';

const DRIVERS: { readonly driver: string; readonly start: () => Promise<Broker> }[] = [
  { driver: 'streaming', start: () => startStreamingServer() },
];
// CI has it, and runs the crash matrix on it, which fails without.
if (natsServerBinary() !== undefined) DRIVERS.push({ driver: 'jetstream', start: () => startNatsServer() });

describe.each(DRIVERS)('a publish over the driver $driver, its process killed', ({ driver, start }) => {
  let broker: Broker;
  let cable: Cable;

  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.stop());
  beforeEach(async () => {
    cable = await layCable(broker, { protocol: 'nats' });
  });
  afterEach(() => cable.close());

  /** How many publishes the cable got of a process that killed itself at the step. None reaches the broker. */
  async function leftBefore(step: NatsStep): Promise<number> {
    const strike = cable.strike({ at: publishOf(CHANNEL), action: 'drop', occurrence: 'every' });
    const program = [labFile('exhibits/killed-at.js'), broker.clusterId, through(broker.url, cable.port)];
    const { signal, stderr } = await runNode([...program, step, driver]);
    expect([signal, stderr]).toEqual(['SIGKILL', '']);
    await until('the cable to have all', WITHIN_MS, () => (cable.connections === 0 ? true : undefined));
    return strike.seen;
  }

  it('at `nats.publish.called`: nothing has left it', async () => {
    expect(await leftBefore('nats.publish.called')).toBe(0);
  });

  it('at `nats.publish.sent`: its bytes are on the cable', async () => {
    expect(await leftBefore('nats.publish.sent')).toBe(1);
  });
});

describe('a transfer whose service is killed when its COMMIT is on the cable', () => {
  let broker: Broker;
  let cable: Cable;
  let stage: Stage | undefined;

  beforeEach(async () => {
    broker = await startStreamingServer();
    cable = await layCable({ url: process.env['TEST_POSTGRES_URL']! }, { protocol: 'postgres' });
  });

  afterEach(async () => {
    await stage?.close();
    await cable.close();
    await broker.stop();
  });

  /** The transfers when the service is dead and its COMMIT has met the outcome; when it is back, there is the one. */
  async function recordedAfter(outcome: Outcome): Promise<unknown[]> {
    stage = await openStage(broker, { transactionsDatabaseThrough: cable.port });
    const { bank, client, ground } = stage;
    const strike = cable.strike({
      at: commitOf(/insert into transfer /),
      action: async () => {
        bank.transactions.kill('SIGKILL');
        await bank.transactions.stop(); // or it would be started again meanwhile
        return outcome;
      },
    });
    const sending = client.send(orders(1, 'killed'), 1);
    expect(await within('the strike', WITHIN_MS, strike.fired)).toMatchObject({ statements: ['COMMIT'] });
    expect(bank.transactions.exits).toMatchObject([{ signal: 'SIGKILL' }]);
    const { transactions } = ground.databases;
    // Its connections are gone when the server has done what they brought.
    await until('the server to see the end', WITHIN_MS, async () => {
      const mine =
        'select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()';
      return (await readRows(transactions, mine)).length === 0 ? true : undefined;
    });
    const recorded = await readRows(transactions, TRANSFERS);
    bank.transactions.start();
    await sending;
    expect(await readRows(transactions, TRANSFERS)).toEqual([{ amount_minor: '1' }]);
    return recorded;
  }

  it('passed on, it is a transfer that nobody was told of', async () => {
    expect(await recordedAfter('pass')).toEqual([{ amount_minor: '1' }]);
  });

  it('lost, it is none', async () => {
    expect(await recordedAfter('cut-before')).toEqual([]);
  });
});
