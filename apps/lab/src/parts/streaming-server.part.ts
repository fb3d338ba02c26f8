import { PartStartError } from '../lab.errors.js';
import { LogBook } from './log-book.js';
import { startNode } from './node-process.js';
import { entryOf } from './repository.js';
import type { BrokerAddress } from './streaming-client.js';

const START_MS_MAX = 30_000;
const CLUSTER_ID = 'bank';

/** A streaming server of the lab's own; its store is empty, and goes with it. */
export interface StreamingServerPart extends BrokerAddress {
  readonly port: number;
  /** Ends it. Safe to call twice. */
  stop(): Promise<void>;
  /** Kills it without a word, as a machine that loses its power. */
  kill(): Promise<void>;
}

/**
 * Starts a streaming server on 127.0.0.1 that ends with this process.
 * @param port by default a free one
 * @throws PartStartError
 */
export async function startStreamingServer(port = 0): Promise<StreamingServerPart> {
  const log = new LogBook();
  const commandLine = ['-p', String(port), '-cid', CLUSTER_ID, '-a', '127.0.0.1'];
  const script = entryOf('streaming-server');
  const server = startNode({ name: 'streaming server', script, commandLine, ownGroup: true }, log);
  const ended = server.exited.then(({ code }) => {
    throw new PartStartError('The streaming server', `it ended with code ${code}\n${log.tail()}`);
  });
  ended.catch(() => undefined);
  const end = async (signal: NodeJS.Signals) => {
    server.kill(signal);
    await server.exited;
  };
  try {
    const line = log.waitFor(/Listening for client connections on [\d.]+:(\d+)/, START_MS_MAX);
    const [, listening] = await Promise.race([line, ended]);
    return {
      port: Number(listening),
      url: `nats://127.0.0.1:${listening}`,
      clusterId: CLUSTER_ID,
      stop: () => end('SIGTERM'),
      kill: () => end('SIGKILL'),
    };
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
}
