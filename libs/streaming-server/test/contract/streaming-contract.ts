import { afterAll, afterEach, beforeAll, describe } from '@jest/globals';
import { close, connect, unique, type Client } from '../support/client.js';
import type { Bench, Target } from './bench.js';
import { connectContract } from './connect.contract.js';
import { deliveryContract } from './delivery.contract.js';
import { durableContract } from './durable.contract.js';
import { queueContract } from './queue.contract.js';
import { subscribeContract } from './subscribe.contract.js';

/** What any NATS Streaming server does for its clients, checked through the public client alone. */
export function streamingContract(name: string, start: () => Promise<Target>): void {
  describe(name, () => {
    let target: Target;
    const clients = new Set<Client>();
    beforeAll(async () => {
      target = await start();
    });
    afterEach(async () => {
      for (const client of clients) await close(client);
    });
    afterAll(() => target.stop());

    const bench: Bench = {
      server: () => target,
      client: async (clientId, options) => {
        const client = await connect(target, clientId, options);
        clients.add(client);
        client.once('close', () => clients.delete(client));
        return client;
      },
      channel: () => unique('channel'),
    };
    describe('connect', () => connectContract(bench));
    describe('subscribe', () => subscribeContract(bench));
    describe('delivery', () => deliveryContract(bench));
    describe('durables', () => durableContract(bench));
    describe('queue groups', () => queueContract(bench));
  });
}
