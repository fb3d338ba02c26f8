import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { settle } from '../src/demo/settle.js';
import { startStreamingServer, type StreamingServerPart } from '../src/parts/streaming-server.part.js';
import { openStage, orders, type Stage } from './stage.js';

jest.setTimeout(120_000);
const WITHIN_MS = 30_000;
const CONCURRENCY = 4;

describe('a broker that is killed, with a fresh one and an empty store in its place', () => {
  let broker: StreamingServerPart;
  let stage: Stage;

  beforeEach(async () => {
    broker = await startStreamingServer();
    stage = await openStage(broker);
  });

  afterEach(async () => {
    await stage.close();
    await broker.stop();
  });

  it('each service says that the connection was lost, exits, is restarted and connects, and transfers flow', async () => {
    const { bank, client, ground } = stage;
    await client.send(orders(20, 'before'), CONCURRENCY);
    expect(await settle(ground)).toMatchObject({ consistent: true, audit: { posted: 20 } });
    const services = [bank.transactions, bank.accounts];
    const marks = services.map(({ log }) => log.end);

    await broker.kill();
    broker = await startStreamingServer({ port: broker.port });
    await Promise.all(
      services.map(async (service, index) => {
        await service.waitForLine(
          /NATS connection lost \(.+\); the process will exit/,
          WITHIN_MS,
          marks[index],
        );
        expect((await service.waitForExit(1, WITHIN_MS)).code).toBe(75);
        await service.waitForLine(/Connected to NATS/, WITHIN_MS, service.log.end);
      }),
    );

    await client.send(orders(20, 'after'), CONCURRENCY);
    expect((await settle(ground)).audit).toMatchObject({
      recorded: 40,
      posted: 40,
      lost: [],
      stuck: [],
      duplicated: [],
    });
    expect(services.map(({ exits }) => exits.length)).toEqual([1, 1]);
  });
});
