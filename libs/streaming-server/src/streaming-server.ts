import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import type { AuthenticationOptions } from './core/authentication.js';
import { CoreServer, type CoreOptions, type ServerIdentity } from './core/core-server.js';
import { ListenError } from './errors.js';
import { AGE_CHECK_INTERVAL_MS, STOP_DEADLINE_MS } from './limits.js';
import { SILENT_LOG, type Log } from './log.js';
import type { Monitor } from './monitor/monitor.js';
import type { Store } from './store/store.js';
import { MemoryStore } from './store/memory-store.js';
import type { HeartbeatOptions } from './streaming/clients.js';
import { StreamingService } from './streaming/streaming-service.js';
import { nuid } from './wire/nuid.js';
import { SERVER_VERSION } from './version.js';

/** How to start a server. Everything has a default. */
export interface StreamingServerOptions extends Omit<CoreOptions, 'authentication'> {
  /** Address to listen on. Default `127.0.0.1`: nobody else's machine gets in unless asked. */
  readonly host?: string;
  /** Default 0: a free port, to be read from `server.port`. */
  readonly port?: number;
  /** Default `test-cluster`. */
  readonly clusterId?: string;
  /** Default: a `MemoryStore` with the default limits. The server closes it when it stops. */
  readonly store?: Store;
  readonly authentication?: AuthenticationOptions;
  readonly heartbeat?: HeartbeatOptions;
  /** Port of the monitoring page, on the same host; 0: a free one. Default: no page. */
  readonly monitorPort?: number;
  /** Default: says nothing. */
  readonly log?: Log;
}

/**
 * A NATS Streaming server: `await StreamingServer.start()`, then `server.url`; `await server.stop()`, or
 * `await using`.
 */
export class StreamingServer implements AsyncDisposable {
  readonly id = nuid();
  readonly startedAt = new Date();
  /** The port that clients connect to; still known when the server has stopped. */
  port = 0;
  private stopping: Promise<void> | undefined;
  private monitor: Monitor | undefined;

  private constructor(
    readonly host: string,
    readonly clusterId: string,
    readonly core: CoreServer,
    readonly streaming: StreamingService,
    private readonly listener: Server,
  ) {}

  /**
   * Resolves when clients can connect. Throws `ListenError` when the address can't be listened on,
   * `ConfigurationError` for options that can't work, and what the store throws when it can't be opened.
   */
  static async start(options: StreamingServerOptions = {}): Promise<StreamingServer> {
    const { host = '127.0.0.1', port = 0, clusterId = 'test-cluster', log = SILENT_LOG } = options;
    const core = new CoreServer(options);
    const streaming = new StreamingService({
      clusterId,
      log,
      store: options.store ?? new MemoryStore(),
      router: core.router,
      ageCheckIntervalMs: AGE_CHECK_INTERVAL_MS,
      ...(options.heartbeat === undefined ? {} : { heartbeat: options.heartbeat }),
    });
    const listener = createServer({ noDelay: true });
    const server = new StreamingServer(host, clusterId, core, streaming, listener);
    listener.on('connection', (socket) => {
      core.accept(socket, socket.remoteAddress ?? '', server.identity);
    });
    // Accepting one connection may fail (no more file descriptors); the others go on.
    listener.on('error', (error) => log.error(`Cannot accept: ${error.message}`));
    try {
      // The port opens last: whoever gets through gets an answer.
      await streaming.start();
      if (options.monitorPort !== undefined) {
        // Loaded only when wanted: HTTP would double the time to start.
        const { startMonitor } = await import('./monitor/monitor.js');
        server.monitor = await startMonitor(server, host, options.monitorPort);
      }
      server.port = await listen(listener, host, port);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** For clients: `nats://host:port`. */
  get url(): string {
    return `nats://${this.hostInUrl}:${this.port}`;
  }

  /** Address of the monitoring page; undefined without one. */
  get monitorUrl(): string | undefined {
    return this.monitor === undefined ? undefined : `http://${this.hostInUrl}:${this.monitor.port}`;
  }

  /** Ends all connections, finishes what is being stored and frees the port. Safe to call twice. */
  stop(): Promise<void> {
    this.stopping ??= this.shutDown();
    return this.stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private get hostInUrl(): string {
    return this.host.includes(':') ? `[${this.host}]` : this.host;
  }

  private get identity(): ServerIdentity {
    return { id: this.id, name: this.id, version: SERVER_VERSION, host: this.host, port: this.port };
  }

  private async shutDown(): Promise<void> {
    const closed = this.listener.listening ? once(this.listener, 'close') : undefined;
    this.listener.close();
    await this.monitor?.stop();
    await this.streaming.drain();
    this.core.stop();
    await this.streaming.stop();
    // A client that doesn't read can't hold the server up.
    const deadline = setTimeout(() => this.core.destroyAll(), STOP_DEADLINE_MS);
    await closed;
    clearTimeout(deadline);
  }
}

/** Resolves with the port. */
async function listen(listener: Server, host: string, port: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(port, host, () => {
        listener.off('error', reject);
        resolve();
      });
    });
    return (listener.address() as AddressInfo).port;
  } catch (error) {
    throw new ListenError(host, port, error);
  }
}
