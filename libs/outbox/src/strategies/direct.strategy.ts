import type { MessageBus } from '@app/nats';
import type { EmittedEvent } from '../emitted-event.js';
import { PublishingStrategy } from './publishing.strategy.js';

/**
 * `direct`: save, then publish, and wait for the acknowledgement. **Not for production**: between the commit and the
 * acknowledgement nothing remembers the event but this process and its connection. What fails then is lost, and the
 * caller is told so.
 */
export class DirectStrategy extends PublishingStrategy {
  constructor(private readonly bus: MessageBus) {
    super();
  }

  override async afterCommit(events: readonly EmittedEvent[]): Promise<void> {
    for (const { event } of events) await this.publish(this.bus, event);
  }
}
