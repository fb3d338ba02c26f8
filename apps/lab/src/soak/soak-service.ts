import { openProvider, type Provider } from '../parts/provider.js';
import { Cable } from '../cable/cable.js';
import type { SoakBroker } from './soak-broker.js';
import { soakEvents } from './soak-channel.js';

/** One service on the provider, behind a cable of its own. */
export class SoakService {
  provider: Provider | undefined;

  private constructor(
    readonly name: string,
    readonly cable: Cable,
    private readonly broker: SoakBroker,
    private readonly onOpen: (provider: Provider) => void,
  ) {}

  /** @param onOpen called at each start, with the provider that just started */
  static async start(
    name: string,
    broker: SoakBroker,
    onOpen: (provider: Provider) => void,
  ): Promise<SoakService> {
    const cable = await Cable.to({ host: '127.0.0.1', port: broker.port });
    const service = new SoakService(name, cable, broker, onOpen);
    await service.open();
    return service;
  }

  get isConnected(): boolean {
    return this.provider?.bus.ready ?? false;
  }

  /** Starts it, under the same client id each time. */
  async open(): Promise<void> {
    const address = { url: `nats://127.0.0.1:${this.cable.port}`, clusterId: this.broker.clusterId };
    const provider = await openProvider(address, soakEvents, {
      clientId: this.name,
      queue: this.name,
      connectTimeoutMs: 600,
      resumeTimeoutMs: 200,
      // Quicker than the streaming client's whole seconds, and slower than a slow cable.
      pingIntervalMs: 300,
    });
    this.provider = provider;
    this.onOpen(provider);
  }

  async stop(): Promise<void> {
    const { provider } = this;
    this.provider = undefined;
    await provider?.close();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.cable.close();
  }
}
