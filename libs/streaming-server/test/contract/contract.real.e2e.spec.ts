import { describe, it } from '@jest/globals';
import { findRealServer, startRealServer } from '../support/command.js';
import type { Target } from './bench.js';
import { streamingContract } from './streaming-contract.js';

/**
 * The same contract against a server that is not this one: at STREAMING_CONTRACT_URL (cluster
 * STREAMING_CONTRACT_CLUSTER_ID, default `test-cluster`), or with TEST_REAL=1 the real nats-streaming-server.
 */
const { STREAMING_CONTRACT_URL: url, STREAMING_CONTRACT_CLUSTER_ID, TEST_REAL } = process.env;
const clusterId = STREAMING_CONTRACT_CLUSTER_ID ?? 'test-cluster';

if (url !== undefined) {
  streamingContract(`the streaming contract, ${url}`, () =>
    Promise.resolve({ url, clusterId, stop: () => Promise.resolve() }),
  );
} else if (TEST_REAL === '1') {
  streamingContract('the streaming contract, real server', startReal);
} else {
  describe('the streaming contract, another server', () => {
    it.todo('runs with STREAMING_CONTRACT_URL=nats://… or with TEST_REAL=1');
  });
}

async function startReal(): Promise<Target> {
  const binary = findRealServer();
  if (binary === undefined)
    throw new Error('no nats-streaming-server: set NATS_STREAMING_SERVER to its path');
  const server = await startRealServer(binary, ['-mc', '0']);
  return { url: server.url, clusterId: 'test-cluster', stop: async () => void (await server.stop()) };
}
