import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@app/nats';
import { until } from '../parts/deadline.js';
import type { Provider } from '../parts/provider.js';
import { SoakBroker } from './soak-broker.js';
import { CHANNEL } from './soak-channel.js';
import { SoakRelay } from './soak-relay.js';
import { SoakService } from './soak-service.js';

const WITHIN_MS = 20_000;
const BREAKS = ['nats.connection.interrupted', 'nats.connection.lost'];

/** The broker, the two services, and the books on what was created, settled, delivered and lost. */
export class SoakStage {
  readonly delivered = new Set<string>();
  /** Acknowledged and not delivered when a store was lost: exactly these may be missing at the end. */
  readonly writtenOff = new Set<string>();
  deliveries = 0;
  relay!: SoakRelay;
  producer!: SoakService;
  consumer!: SoakService;
  private readonly breaksSeen = new Map<NatsConnection, number>();

  private constructor(
    readonly broker: SoakBroker,
    /** A whole number from 0 up to, and without, `below`. */
    readonly random: (below: number) => number,
  ) {}

  static async open(random: (below: number) => number): Promise<SoakStage> {
    const stage = new SoakStage(await SoakBroker.start(), random);
    for (const step of BREAKS) subscribe(step, stage.noteBreak);
    stage.producer = await SoakService.start('relay', stage.broker, () => undefined);
    stage.consumer = await SoakService.start('consumer', stage.broker, (provider) => stage.listen(provider));
    const { broker } = stage;
    stage.relay = new SoakRelay(
      () => stage.producer.provider?.bus,
      (id) => broker.everStored.has(id),
    );
    return stage;
  }

  get services(): readonly SoakService[] {
    return [this.producer, this.consumer];
  }

  /** Waits for a random time below `belowMs`: faults come at any moment. */
  async pause(belowMs: number): Promise<void> {
    await delay(this.random(belowMs));
  }

  until(awaited: string, condition: () => boolean): Promise<true> {
    return until(awaited, WITHIN_MS, () => (condition() ? true : undefined));
  }

  /** How often the service of now has found its connection broken. */
  breaks(service: SoakService): number {
    return (service.provider && this.breaksSeen.get(service.provider.connection)) ?? 0;
  }

  /** The broker's store is about to be lost, and nobody is connected: notes what goes with it. */
  writeOff(): void {
    for (const id of this.undelivered()) this.writtenOff.add(id);
  }

  /** Settled, not delivered, and not written off. */
  undelivered(): string[] {
    return [...this.relay.settled].filter((id) => !this.delivered.has(id) && !this.writtenOff.has(id));
  }

  /** Everything created is settled, everything settled is delivered or written off, and both are connected. */
  async settle(): Promise<void> {
    await this.until('everything to be settled and delivered', () => {
      return this.relay.isEmpty && this.undelivered().length === 0;
    });
    await this.until('both to be connected', () => this.services.every(({ isConnected }) => isConnected));
  }

  async close(): Promise<void> {
    for (const step of BREAKS) unsubscribe(step, this.noteBreak);
    this.relay.stop();
    await Promise.all(this.services.map((service) => service.close()));
    await this.broker.close();
  }

  private listen({ bus }: Provider): void {
    bus.subscribe(CHANNEL, (message) => {
      this.deliveries += 1;
      this.delivered.add(message.data.toString());
      return new Promise((resolve) => setImmediate(resolve));
    });
  }

  private readonly noteBreak = (detail: unknown): void => {
    const { connection } = detail as { connection: NatsConnection };
    this.breaksSeen.set(connection, (this.breaksSeen.get(connection) ?? 0) + 1);
  };
}
