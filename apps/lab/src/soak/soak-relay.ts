import type { MessageBus } from '@app/nats';
import { CHANNEL } from './soak-channel.js';

const RETRY_MS = 20;

/**
 * An outbox in memory and its relay: every message is published until the broker has acknowledged it, an unknown
 * outcome is repeated under the same id, and nothing else settles it.
 */
export class SoakRelay {
  readonly created: string[] = [];
  readonly settled = new Set<string>();
  /** Settled although the broker had never stored it: the failure that all this is about. */
  readonly wronglySettled: string[] = [];
  readonly outcomes = { acked: 0, refused: 0, unknown: 0 };
  private readonly busy = new Set<string>();
  private readonly timer = setInterval(() => this.work(), RETRY_MS);

  /**
   * @param bus gives the bus of now: a service that restarts has another one
   * @param wasStored whether the broker ever stored a message
   */
  constructor(
    private readonly bus: () => MessageBus | undefined,
    private readonly wasStored: (id: string) => boolean,
  ) {}

  /** Whether everything created is settled. */
  get isEmpty(): boolean {
    return this.settled.size === this.created.length;
  }

  create(count: number): void {
    for (let index = 0; index < count; index += 1) this.created.push(`message-${this.created.length + 1}`);
    this.work();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private work(): void {
    const bus = this.bus();
    if (!bus?.ready) return;
    for (const id of this.created) {
      if (!this.settled.has(id) && !this.busy.has(id)) void this.publish(bus, id);
    }
  }

  private async publish(bus: MessageBus, id: string): Promise<void> {
    this.busy.add(id);
    try {
      await bus.publish(CHANNEL, id, { messageId: id });
      this.outcomes.acked += 1;
      this.settled.add(id);
      if (!this.wasStored(id)) this.wronglySettled.push(id);
    } catch (error) {
      const unknown = (error as { outcome?: string }).outcome === 'unknown';
      this.outcomes[unknown ? 'unknown' : 'refused'] += 1;
    } finally {
      this.busy.delete(id);
    }
  }
}
