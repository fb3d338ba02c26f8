import { Closers } from '../parts/closers.js';
import { until } from '../parts/deadline.js';
import { openProvider, type Provider } from '../parts/provider.js';
import { Cable, type CableMode } from '../cable/cable.js';
import type { NatsOptions } from '@app/nats';
import { StreamingServer } from '@app/streaming-server';
import { connect, type Stan, type StanOptions } from 'node-nats-streaming';
import type { Finding } from './finding.js';
import { exhibitEvents } from './exhibit-events.js';

const CLUSTER_ID = 'exhibit';
/** Far more than any step here takes. */
const WITHIN_MS = 15_000;

/** Who is told what happens on a stage, as it happens. */
export interface StageAudience {
  step(line: string): void;
  finding(finding: Finding): void;
}

/** The channel of every exhibit: each has a broker of its own. */
export const CHANNEL = 'coin.tossed';

/**
 * Where one half of an exhibit is played: a broker, a cable to it, and what is opened on the way, all of it
 * closed again by `close()`. Nothing is shared with another stage, so all exhibits can be played at once.
 */
export class ExhibitStage {
  readonly findings: Finding[] = [];
  private readonly closers = new Closers();

  private constructor(
    private readonly half: Finding['half'],
    private readonly audience: StageAudience,
    private broker: StreamingServer,
    readonly cable: Cable,
  ) {
    this.closers.add(() => this.broker.stop());
    this.closers.add(() => this.cable.close());
  }

  static async open(half: Finding['half'], audience: StageAudience): Promise<ExhibitStage> {
    const broker = await StreamingServer.start({ clusterId: CLUSTER_ID });
    const cable = await Cable.to({ host: '127.0.0.1', port: broker.port });
    return new ExhibitStage(half, audience, broker, cable);
  }

  /** Where the broker is reached through the cable. */
  get url(): string {
    return `nats://127.0.0.1:${this.cable.port}`;
  }

  get clusterId(): string {
    return CLUSTER_ID;
  }

  /** How many messages the broker has stored in the channel. */
  get stored(): number {
    return this.broker.streaming.channels.byName.get(CHANNEL)?.log.messageCount ?? 0;
  }

  /** How many connections the broker has. */
  get connections(): number {
    return this.broker.core.connections.size;
  }

  step(line: string): void {
    this.audience.step(line);
  }

  /** Notes what was seen beside what was claimed. */
  find(claim: string, holds: boolean, seen = ''): void {
    const finding = { half: this.half, claim, holds, seen };
    this.findings.push(finding);
    this.audience.finding(finding);
  }

  async setCable(mode: CableMode): Promise<void> {
    this.step(`the cable: ${mode}`);
    await this.cable.set(mode);
  }

  /** Ends the broker and starts one with an empty store at the same port: it knows no client. */
  async replaceBroker(): Promise<void> {
    this.step('the broker restarts and has forgotten everything');
    const { port } = this.broker;
    await this.broker.stop();
    this.broker = await StreamingServer.start({ clusterId: CLUSTER_ID, port });
  }

  /** Waits until something has come about. */
  until(awaited: string, condition: () => boolean): Promise<true> {
    return until(awaited, WITHIN_MS, () => (condition() ? true : undefined));
  }

  /** The unmodified client, connected; closed without a word at the end. */
  async rawClient(options: StanOptions = {}, clientId = 'raw'): Promise<Stan> {
    const client = connect(CLUSTER_ID, clientId, { url: this.url, ...options });
    client.on('error', () => undefined);
    this.closers.add(() => Promise.resolve(discard(client)));
    let connected = false;
    client.once('connect', () => (connected = true));
    await this.until('the raw client to connect', () => connected);
    return client;
  }

  /** The provider in an application of its own, connected unless `startup` is `background`. */
  async openProvider(given: Partial<NatsOptions> = {}): Promise<Provider> {
    const provider = await openProvider({ url: this.url, clusterId: CLUSTER_ID }, exhibitEvents, given);
    this.closers.add(() => provider.close());
    return provider;
  }

  async close(): Promise<void> {
    await this.closers.close();
  }
}

/** Ends a raw client with its socket and its timers, whatever state it is in. */
export function discard(client: Stan): void {
  const { nc } = client as Stan & { nc?: { close(): void } };
  client.close();
  nc?.close();
}
