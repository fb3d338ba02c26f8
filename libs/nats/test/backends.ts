import { join } from 'node:path';
import { FileStore, StreamingServer } from '@app/streaming-server';
import type { DriverOptions } from '../src/index.js';
import { TEST_JETSTREAM } from '../testing/index.js';
import { findBinary, freePort, startServer } from './server-process.js';

/** A running broker. */
export interface Broker {
  readonly port: number;
  stop(): Promise<void>;
}

/** A kind of broker that a driver speaks to. */
export interface Backend {
  readonly driver: DriverOptions;
  /**
   * Starts one that keeps its messages in the directory.
   *
   * @param port default: any free one
   */
  start(directory: string, port?: number): Promise<Broker>;
}

/** A kind that is a process of its own, and can guard itself. */
export interface RealBackend extends Backend {
  start(directory: string, port?: number, guard?: Guard): Promise<Broker>;
}

/** Whom a server lets in, and how it shows who it is itself. */
export interface Guard {
  /** Paths of PEM files. */
  readonly tls?: {
    readonly ca: string;
    readonly cert: string;
    readonly key: string;
    /** Asks every client for a certificate of the same authority. */
    readonly verify?: boolean;
  };
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
}

export const CLUSTER_ID = 'bank';

/** The streaming server of this repository, in this process. */
export const embeddedStreaming: Backend = {
  driver: { name: 'streaming', clusterId: CLUSTER_ID },
  start: (directory, port = 0) =>
    StreamingServer.start({
      clusterId: CLUSTER_ID,
      port,
      store: new FileStore({ directory: join(directory, 'store') }),
    }),
};

/** `nats-streaming-server` with its file store. */
export const realStreaming: RealBackend = {
  driver: { name: 'streaming', clusterId: CLUSTER_ID },
  start: async (directory, given, guard = {}) => {
    const port = given ?? (await freePort());
    const binary = needed('nats-streaming-server', 'NATS_STREAMING_SERVER');
    const args = ['-a', '127.0.0.1', '-p', `${port}`, '-cid', CLUSTER_ID, '-st', 'FILE', '-dir', directory];
    const guarded = [...guardFlags(guard), ...innerClientFlags(guard)];
    const server = await startServer(binary, [...args, ...guarded], /Streaming Server is ready/);
    return { port, stop: () => server.stop() };
  },
};

/** `nats-server` with JetStream on file storage. */
export const realJetStream: RealBackend = {
  driver: TEST_JETSTREAM,
  start: async (directory, given, guard = {}) => {
    const port = given ?? (await freePort());
    const args = ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', directory, ...guardFlags(guard)];
    const server = await startServer(needed('nats-server', 'NATS_SERVER'), args, /Server is ready/);
    return { port, stop: () => server.stop() };
  },
};

/** What both servers are told in the same words. */
function guardFlags({ tls, user, password, token }: Guard): string[] {
  return [
    ...(tls ? ['--tls', '--tlscert', tls.cert, '--tlskey', tls.key] : []),
    ...(tls?.verify ? ['--tlsverify', '--tlscacert', tls.ca] : []),
    ...(user === undefined ? [] : ['--user', user, '--pass', password ?? '']),
    ...(token === undefined ? [] : ['--auth', token]),
  ];
}

/** The streaming server is a client of the NATS server within it. */
function innerClientFlags({ tls }: Guard): string[] {
  if (!tls) return [];
  const own = ['-tls_client_cert', tls.cert, '-tls_client_key', tls.key];
  return ['-secure', '-tls_client_cacert', tls.ca, ...(tls.verify ? own : [])];
}

/** @throws Error that says what to do where the binary is missing */
export function needed(name: string, variable: string): string {
  const binary = findBinary(name, variable);
  if (binary === undefined) throw new Error(`No ${name}: put it on the PATH, or its path into ${variable}`);
  return binary;
}
