import { PartStartError } from '../lab.errors.js';
import { LogBook } from './log-book.js';
import { startBinary, startNode, type NodeProcess } from './node-process.js';
import { entryOf } from './repository.js';
import type { BrokerAddress } from './streaming-client.js';

const START_MS_MAX = 30_000;
const CLUSTER_ID = 'bank';

/** A streaming server of the lab's own, or the real one that NATS_STREAMING_SERVER names; its store is empty, and goes with it. */
export interface StreamingServerPart extends BrokerAddress {
  readonly port: number;
  /** Ends it. Safe to call twice. */
  stop(): Promise<void>;
  /** Kills it without a word, as a machine that loses its power. */
  kill(): Promise<void>;
}

/** The real server to use in place of the project's own: a path. */
const realServer = () => process.env['NATS_STREAMING_SERVER'] || undefined;
const LISTENING = /Listening for client connections on [\d.]+:(\d+)/;
/** The real server opens its port before its streaming part can answer. */
const ready = () => (realServer() === undefined ? LISTENING : /Streaming Server is ready/);

/**
 * Starts a streaming server on 127.0.0.1 that ends with this process.
 * @param port by default a free one
 * @throws PartStartError
 */
export async function startStreamingServer(port = 0): Promise<StreamingServerPart> {
  const log = new LogBook();
  const server = startServer(port, log);
  const ended = server.exited.then(({ code }) => {
    throw new PartStartError('The streaming server', `it ended with code ${code}\n${log.tail()}`);
  });
  ended.catch(() => undefined);
  const end = async (signal: NodeJS.Signals) => {
    server.kill(signal);
    await server.exited;
  };
  try {
    const lines = Promise.all([log.waitFor(LISTENING, START_MS_MAX), log.waitFor(ready(), START_MS_MAX)]);
    const [[, listening]] = await Promise.race([lines, ended]);
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

function startServer(port: number, log: LogBook): NodeProcess {
  const commandLine = ['-cid', CLUSTER_ID, '-a', '127.0.0.1'];
  const binary = realServer();
  // -1 is what the real server calls any free port.
  if (binary !== undefined) return startBinary(binary, [...commandLine, '-p', String(port || -1)], log);
  return startNode(
    {
      name: 'streaming server',
      script: entryOf('streaming-server'),
      commandLine: [...commandLine, '-p', String(port)],
      ownGroup: true,
    },
    log,
  );
}
