import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Cable, type CableMode } from '../src/cable/cable.js';
import { settle } from '../src/demo/settle.js';
import { through } from '../src/parts/bank.js';
import { startStreamingServer, type StreamingServerPart } from '../src/parts/streaming-server.part.js';
import { openStage, orders, type Stage } from './stage.js';

jest.setTimeout(120_000);
const WITHIN_MS = 30_000;
const CONCURRENCY = 4;
/** A frozen connection is only found out by its pings. */
const IMPATIENT = { NATS_RESUME_TIMEOUT_MS: '500', NATS_PING_INTERVAL_MS: '1000', NATS_PINGS_OUT_MAX: '1' };

describe('a connection to NATS that is lost', () => {
  let broker: StreamingServerPart;
  let cable: Cable;
  let stage: Stage | undefined;

  beforeEach(async () => {
    broker = await startStreamingServer();
    cable = await Cable.to({ host: '127.0.0.1', port: broker.port });
  });

  afterEach(async () => {
    await stage?.close();
    await cable.close();
    await broker.stop();
  });

  async function open(onConnectionLost: 'exit' | 'reconnect'): Promise<Stage> {
    const environment = { ...IMPATIENT, NATS_ON_CONNECTION_LOST: onConnectionLost };
    stage = await openStage(broker, { environment, transactionsNatsUrl: through(broker.url, cable.port) });
    return stage;
  }

  /** Breaks the cable until the service has noticed, sends orders meanwhile, and mends it. Returns what it said. */
  async function breakAndMend(
    { bank, client }: Stage,
    mode: CableMode,
    onLost: () => Promise<void>,
  ): Promise<string> {
    const { transactions } = bank;
    const mark = transactions.log.end;
    await cable.set(mode);
    const load = client.send(orders(20, mode), CONCURRENCY);
    const [line] = await transactions.waitForLine(/NATS connection lost .*/, WITHIN_MS, mark);
    await onLost();
    const after = transactions.log.end;
    await load;
    await cable.set('mended');
    await transactions.waitForLine(/Connected to NATS/, WITHIN_MS, after);
    return line;
  }

  it('in exit mode: each way to break it ends in exit code 75, a restart, and nothing lost', async () => {
    const opened = await open('exit');
    const { transactions } = opened.bank;
    const modes = ['refuse', 'accept-and-close', 'freeze'] as const;
    for (const [index, mode] of modes.entries()) {
      const line = await breakAndMend(opened, mode, async () => {
        expect((await transactions.waitForExit(index + 1, WITHIN_MS)).code).toBe(75);
      });
      expect(line).toMatch(/NATS connection lost \(.+\); the process will exit/);
      const settled = await settle(opened.ground);
      expect(settled).toMatchObject({ consistent: true, audit: { recorded: 20 * (index + 1), lost: [] } });
    }
  });

  it('in reconnect mode: the process stays, connects a new client, and nothing is lost', async () => {
    const opened = await open('reconnect');
    const { transactions } = opened.bank;
    const { pid } = transactions;
    const line = await breakAndMend(opened, 'refuse', () => Promise.resolve());
    expect(line).toMatch(/NATS connection lost \(.+\); a new client will connect/);
    expect(await settle(opened.ground)).toMatchObject({ consistent: true, audit: { posted: 20 } });
    expect([transactions.pid, transactions.exits]).toEqual([pid, []]);
    expect(cable.connections).toBe(1);
  });
});
