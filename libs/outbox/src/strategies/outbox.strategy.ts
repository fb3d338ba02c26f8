import type { EntityManager } from 'typeorm';
import { DeliveryStrategy } from '../delivery-strategy.js';
import type { EmittedEvent } from '../emitted-event.js';
import type { Tables } from '../schema/tables.js';
import { storeMessages } from '../sql/store-messages.js';

/** `outbox`: the event is a row of the same transaction: both are committed, or neither. The relay does the rest. */
export class OutboxStrategy extends DeliveryStrategy {
  constructor(
    private readonly tables: Tables,
    private readonly relay: { wake(): void },
  ) {
    super();
  }

  override async beforeCommit(manager: EntityManager, events: readonly EmittedEvent[]): Promise<void> {
    await storeMessages(this.tables.on(manager), events);
  }

  override afterCommit(): Promise<void> {
    this.relay.wake();
    return Promise.resolve();
  }
}
