import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PartStartError } from '../lab.errors.js';
import { freePort } from './free-port.js';
import { LogBook } from './log-book.js';
import type { NodeProcess } from './node-process.js';
import type { BrokerAddress } from './streaming-client.js';

/** A broker of the lab's own in a process of its own, which can die and come back at its address. */
export interface Broker extends BrokerAddress {
  readonly port: number;
  /** What a service needs besides the address. */
  readonly environment: Readonly<Record<string, string>>;
  /** Kills it without a word, as a machine that loses its power; what its operating system has is kept. */
  kill(): Promise<void>;
  /**
   * Starts it again, killing it first if it runs.
   * @throws PartStartError; TypeError when a store is to be kept and it has none but in memory
   */
  restart(options: { readonly keepStore: boolean }): Promise<void>;
  /** Stops it in the middle of what it does (SIGSTOP); its connections stay, and nobody answers. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its store. Safe to call twice. */
  stop(): Promise<void>;
}

/** How a kind of broker is run. */
export interface BrokerProgram {
  /** For messages. */
  readonly name: string;
  readonly clusterId: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Lines of its log that say that it can be used, all of them. */
  readonly ready: readonly RegExp[];
  /** @param directory of its store, which may be missing; undefined: in memory */
  launch(port: number, directory: string | undefined, log: LogBook): NodeProcess;
}

export interface BrokerOptions {
  /** By default a free one. */
  readonly port?: number;
  /** Whether what it stores outlives its process (default: `memory`, where the program can). */
  readonly store?: 'memory' | 'file';
}

const START_MS_MAX = 30_000;
/** Somebody may take a port between our look and the broker's. */
const START_TRIES_MAX = 5;
const PORT_TAKEN = /address already in use|EADDRINUSE/i;

/**
 * Starts a broker on 127.0.0.1.
 * @throws PartStartError
 */
export async function startBroker(program: BrokerProgram, options: BrokerOptions): Promise<Broker> {
  const home =
    options.store === 'file' ? await mkdtemp(join(tmpdir(), 'event-consistency-broker-')) : undefined;
  for (let tries = 1; ; tries += 1) {
    // Not one that the system gives out for connections: while the broker is down somebody else could get it.
    const broker = new BrokerProcess(program, options.port ?? (await freePort()), home);
    try {
      await broker.start();
      return broker;
    } catch (error) {
      const again = options.port === undefined && broker.portWasTaken && tries < START_TRIES_MAX;
      if (!again) {
        await broker.stop();
        throw error;
      }
    }
  }
}

class BrokerProcess implements Broker {
  private readonly log = new LogBook();
  private running: NodeProcess | undefined;

  constructor(
    private readonly program: BrokerProgram,
    readonly port: number,
    /** Holds the store, and nothing else. */
    private readonly home: string | undefined,
  ) {}

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get clusterId(): string {
    return this.program.clusterId;
  }

  get environment(): Readonly<Record<string, string>> {
    return this.program.environment;
  }

  get portWasTaken(): boolean {
    return PORT_TAKEN.test(this.log.tail());
  }

  async start(): Promise<void> {
    const { program, log } = this;
    const mark = log.end;
    const running = program.launch(this.port, this.home && join(this.home, 'store'), log);
    this.running = running;
    const ended = running.exited.then(({ code }) => {
      throw new PartStartError(program.name, `it ended with code ${code}\n${log.tail()}`);
    });
    const lines = program.ready.map((line) => log.waitFor(line, START_MS_MAX, mark));
    for (const promise of [ended, ...lines]) promise.catch(() => undefined);
    await Promise.race([Promise.all(lines), ended]);
  }

  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  async restart({ keepStore }: { readonly keepStore: boolean }): Promise<void> {
    if (keepStore && this.home === undefined)
      throw new TypeError(
        `${this.program.name} has no store that could be kept: start it with \`store: 'file'\``,
      );
    await this.kill();
    if (!keepStore && this.home !== undefined)
      await rm(join(this.home, 'store'), { recursive: true, force: true });
    await this.start();
  }

  pause(): void {
    this.running?.kill('SIGSTOP');
  }

  resume(): void {
    this.running?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.resume(); // a stopped process hears no SIGTERM
    await this.end('SIGTERM');
    if (this.home !== undefined) await rm(this.home, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { running } = this;
    running?.kill(signal);
    await running?.exited;
  }
}
