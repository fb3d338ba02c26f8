import { startBroker, type Broker, type BrokerOptions, type BrokerProgram } from './broker.js';
import { startBinary, startNode } from './node-process.js';
import { entryOf } from './repository.js';

/** A streaming server of the lab's own, or the real one that NATS_STREAMING_SERVER names. */
export type StreamingServerPart = Broker;

const CLUSTER_ID = 'bank';

/** The real server to use in place of the project's own: a path. */
const realServer = () => process.env['NATS_STREAMING_SERVER'] || undefined;

/**
 * Starts a streaming server on 127.0.0.1 that ends with this process; the real one may outlive it, if it is killed.
 * @throws PartStartError
 */
export async function startStreamingServer(options: BrokerOptions = {}): Promise<StreamingServerPart> {
  const binary = realServer();
  return startBroker(binary === undefined ? ownProgram() : realProgram(binary), options);
}

const LISTENING = /Listening for client connections on [\d.]+:\d+/;

function ownProgram(): BrokerProgram {
  return {
    ...COMMON,
    ready: [LISTENING],
    launch: (port, directory, log) => {
      const script = entryOf('streaming-server');
      const commandLine = commandLineOf(port, directory);
      return startNode({ name: 'streaming server', script, commandLine, ownGroup: true }, log);
    },
  };
}

function realProgram(binary: string): BrokerProgram {
  return {
    ...COMMON,
    // It opens its port before its streaming part can answer.
    ready: [LISTENING, /Streaming Server is ready/],
    launch: (port, directory, log) => startBinary(binary, commandLineOf(port, directory), log),
  };
}

const COMMON = {
  name: 'The streaming server',
  clusterId: CLUSTER_ID,
  environment: { NATS_DRIVER: 'streaming', NATS_CLUSTER_ID: CLUSTER_ID },
};

function commandLineOf(port: number, directory: string | undefined): string[] {
  const store = directory === undefined ? [] : ['-st', 'FILE', '-dir', directory];
  return ['-cid', CLUSTER_ID, '-a', '127.0.0.1', '-p', String(port), ...store];
}
