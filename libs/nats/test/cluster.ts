import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needed } from './backends.js';
import { freePort, startServer, type ServerProcess } from './server-process.js';

/** One server of a cluster. */
export interface ClusterNode {
  readonly port: number;
  readonly url: string;
  readonly process: ServerProcess;
}

/** Several `nats-server`s on this machine that keep one JetStream, on file storage. */
export class JetStreamCluster {
  private constructor(
    readonly nodes: readonly ClusterNode[],
    private readonly directory: string,
  ) {}

  static async start(size: number): Promise<JetStreamCluster> {
    const binary = needed('nats-server', 'NATS_SERVER');
    const directory = await mkdtemp(join(tmpdir(), 'nats-cluster-'));
    const ports = await Promise.all(Array.from({ length: size * 2 }, freePort));
    const routes = ports.slice(size).map((port) => `nats://127.0.0.1:${port}`);
    const starting = routes.map(async (route, index): Promise<ClusterNode> => {
      const port = ports[index]!;
      const address = ['-a', '127.0.0.1', '-p', `${port}`, '--name', `node-${index}`];
      const cluster = ['--cluster_name', 'bank', '--cluster', route, '--routes', routes.join(',')];
      const store = ['-js', '-sd', join(directory, `node-${index}`)];
      const process = await startServer(binary, [...address, ...cluster, ...store], /Server is ready/);
      return { port, url: `nats://127.0.0.1:${port}`, process };
    });
    return new JetStreamCluster(await Promise.all(starting), directory);
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ process }) => process.stop('SIGKILL')));
    await rm(this.directory, { recursive: true, force: true });
  }
}
