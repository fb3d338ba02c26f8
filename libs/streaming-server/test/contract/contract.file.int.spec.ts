import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore, StreamingServer } from '@app/streaming-server';
import { streamingContract } from './streaming-contract.js';

streamingContract('the streaming contract, file store', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streaming-contract-'));
  const server = await StreamingServer.start({
    store: new FileStore({ directory, limits: { channelsMax: 0 } }),
  });
  const { url, clusterId } = server;
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(directory, { recursive: true });
  };
  return { url, clusterId, stop };
});
