import { FileStore, StreamingServer } from '@app/streaming-server';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHANNEL } from './soak-channel.js';

const CLUSTER_ID = 'soak';

/** A broker with a file store that can be restarted at its port, with its store or without. It knows all it ever stored. */
export class SoakBroker {
  /** Every message that was ever stored, also by a store that is gone. */
  readonly everStored = new Set<string>();

  private constructor(
    private readonly directory: string,
    private server: StreamingServer,
  ) {}

  static async start(): Promise<SoakBroker> {
    const directory = await mkdtemp(join(tmpdir(), 'soak-'));
    const broker = new SoakBroker(directory, await startServer(directory, 0));
    broker.witness();
    return broker;
  }

  get clusterId(): string {
    return CLUSTER_ID;
  }

  get port(): number {
    return this.server.port;
  }

  /** Ends the server; resolves when what it was storing is stored. */
  async stop(): Promise<void> {
    await this.server.stop();
  }

  async startAgain(store: 'kept' | 'lost'): Promise<void> {
    if (store === 'lost') await rm(this.directory, { recursive: true });
    this.server = await startServer(this.directory, this.port);
    this.witness();
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Looks over the shoulder of the log: what is appended is noted before anybody is told. */
  private witness(): void {
    const { log } = this.server.streaming.channels.obtain(CHANNEL);
    const append = log.append.bind(log);
    log.append = (message) => {
      this.everStored.add(Buffer.from(message.data).toString());
      return append(message);
    };
  }
}

function startServer(directory: string, port: number): Promise<StreamingServer> {
  // Nobody pulls the plug of this machine here: what the process has written is kept.
  const store = new FileStore({ directory, sync: false });
  return StreamingServer.start({ clusterId: CLUSTER_ID, port, store });
}
