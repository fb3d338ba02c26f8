import type { CloudEvent, MessageBus } from '@app/nats';
import { DeliveryStrategy } from '../delivery-strategy.js';

/**
 * Save, then publish: the way that loses money. Between the commit and the acknowledgement nothing
 * remembers the event but this process and its connection. **Not for production.**
 */
export class DirectStrategy extends DeliveryStrategy {
  constructor(private readonly bus: MessageBus) {
    super();
  }

  override beforeCommit(): Promise<void> {
    return Promise.resolve();
  }

  override async afterCommit(events: readonly CloudEvent[]): Promise<void> {
    for (const event of events) {
      await this.bus.publish(event.type, JSON.stringify(event), { messageId: event.id });
    }
  }
}
