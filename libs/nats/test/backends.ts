import { join } from 'node:path';
import { FileStore, StreamingServer } from '@app/streaming-server';
import type { NatsDriver } from '../src/index.js';
import { findBinary, freePort, startServer } from './server-process.js';

/** A running broker. */
export interface Broker {
  readonly port: number;
  stop(): Promise<void>;
}

/** A kind of broker that a driver speaks to. */
export interface Backend {
  readonly driver: NatsDriver;
  /**
   * Starts one that keeps its messages in the directory.
   *
   * @param port default: any free one
   */
  start(directory: string, port?: number): Promise<Broker>;
}

export const CLUSTER_ID = 'bank';

/** The streaming server of this repository, in this process. */
export const embeddedStreaming: Backend = {
  driver: 'streaming',
  start: (directory, port = 0) =>
    StreamingServer.start({
      clusterId: CLUSTER_ID,
      port,
      store: new FileStore({ directory: join(directory, 'store') }),
    }),
};

/** `nats-streaming-server` with its file store. */
export const realStreaming: Backend = {
  driver: 'streaming',
  start: async (directory, given) => {
    const port = given ?? (await freePort());
    const binary = needed('nats-streaming-server', 'NATS_STREAMING_SERVER');
    const args = ['-a', '127.0.0.1', '-p', `${port}`, '-cid', CLUSTER_ID, '-st', 'FILE', '-dir', directory];
    const server = await startServer(binary, args, /Streaming Server is ready/);
    return { port, stop: () => server.stop() };
  },
};

/** `nats-server` with JetStream on file storage. */
export const realJetStream: Backend = {
  driver: 'jetstream',
  start: async (directory, given) => {
    const port = given ?? (await freePort());
    const args = ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', directory];
    const server = await startServer(needed('nats-server', 'NATS_SERVER'), args, /Server is ready/);
    return { port, stop: () => server.stop() };
  },
};

/** @throws Error that says what to do where the binary is missing */
export function needed(name: string, variable: string): string {
  const binary = findBinary(name, variable);
  if (binary === undefined) throw new Error(`No ${name}: put it on the PATH, or its path into ${variable}`);
  return binary;
}
