import type { CloudEvent, MessageBus, PublishAck } from '@app/nats';
import type { EntityManager } from 'typeorm';
import { DeliveryStrategy } from '../delivery-strategy.js';
import type { EmittedEvent } from '../emitted-event.js';
import { NotBeforeUnsupportedError } from '../outbox.errors.js';

/** What the strategies without an outbox do alike: they publish by themselves, and can keep nothing for later. */
export abstract class PublishingStrategy extends DeliveryStrategy {
  /** @throws NotBeforeUnsupportedError rather than publish an event too early */
  override beforeCommit(_manager: EntityManager, events: readonly EmittedEvent[]): Promise<void> {
    const delayed = events.find(({ notBefore }) => notBefore);
    return delayed ? Promise.reject(new NotBeforeUnsupportedError(delayed.event)) : Promise.resolve();
  }

  protected publish(bus: MessageBus, event: CloudEvent): Promise<PublishAck> {
    return bus.publish(event.type, JSON.stringify(event), { messageId: event.id });
  }
}
