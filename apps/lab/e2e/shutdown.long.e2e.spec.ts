import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { settle } from '../src/demo/settle.js';
import type { Service } from '../src/parts/bank.js';
import { until } from '../src/parts/deadline.js';
import { startStreamingServer, type StreamingServerPart } from '../src/parts/streaming-server.part.js';
import { openStage, orders, type Stage } from './stage.js';

jest.setTimeout(90_000);
const WITHIN_MS = 20_000;
const CONCURRENCY = 8;

describe('SIGTERM during load', () => {
  let broker: StreamingServerPart;
  let stage: Stage | undefined;

  beforeEach(async () => {
    broker = await startStreamingServer();
  });

  afterEach(async () => {
    await stage?.close();
    await broker.stop();
  });

  /** What an orchestrator does at a roll-out: SIGTERM, and the next process at once under the same client id. */
  async function replace(service: Service): Promise<string> {
    const mark = service.log.end;
    const ended = service.waitForExit(service.exits.length + 1, WITHIN_MS);
    service.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, signal: null });
    expect(service.log.since(mark).join('\n')).toContain('NATS connection closed (asked to stop)');
    const after = service.log.end;
    service.start();
    await service.waitUntilListening(after);
    const [line] = await service.waitForLine(/Connected to NATS .* in (\d+) ms/, WITHIN_MS, after);
    return line;
  }

  it.each(['direct', 'outbox'] as const)('loses nothing and posts nothing twice (%s)', async (delivery) => {
    stage = await openStage(broker, { delivery });
    const { bank, client, ground } = stage;
    const load = client.send(orders(300, 'load'), CONCURRENCY);
    load.catch(() => undefined);
    for (const service of [bank.transactions, bank.accounts]) {
      const { accepted } = client.tally;
      await until('the load to get on', WITHIN_MS, () =>
        client.tally.accepted >= accepted + 30 ? true : undefined,
      );
      // The server has forgotten the old client: the same id is taken without the wait for a client that vanished.
      const [, milliseconds] = / in (\d+) ms/.exec(await replace(service)) ?? [];
      expect(Number(milliseconds)).toBeLessThan(1_000);
    }
    await load;
    const { audit, consistent } = await settle(ground);
    expect({ ...audit, consistent }).toMatchObject({
      consistent: true,
      recorded: 300,
      posted: 300,
      lost: [],
    });
  });
});
