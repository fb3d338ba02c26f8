import type { CloudEvent } from '@app/nats';
import type { EntityManager } from 'typeorm';
import { DeliveryStrategy } from '../delivery-strategy.js';
import type { Relay } from '../relay.js';
import { storeMessages } from '../sql/store-messages.js';

/** The event is a row of the same transaction: both are committed, or neither. The relay does the rest. */
export class OutboxStrategy extends DeliveryStrategy {
  constructor(private readonly relay: Relay) {
    super();
  }

  override async beforeCommit(manager: EntityManager, events: readonly CloudEvent[]): Promise<void> {
    await storeMessages(manager, events);
  }

  override afterCommit(): Promise<void> {
    this.relay.wake();
    return Promise.resolve();
  }
}
