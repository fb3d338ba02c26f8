import type { EntityManager } from 'typeorm';
import type { EmittedEvent } from './emitted-event.js';

/** How the events of a transaction leave the service. A service that emits knows no strategy. */
export abstract class DeliveryStrategy {
  /** Runs inside the open transaction; what it throws rolls the transaction back. */
  abstract beforeCommit(manager: EntityManager, events: readonly EmittedEvent[]): Promise<void>;

  /**
   * Runs once the transaction is committed; what it throws reaches the caller of {@link UnitOfWork.run} as
   * an `EventsUnconfirmedError`, and undoes nothing.
   */
  abstract afterCommit(events: readonly EmittedEvent[]): Promise<void>;

  /** Ends what it does in the background, within a time of its own. Safe to call twice; most have nothing to end. */
  stop(): Promise<void> {
    return Promise.resolve();
  }
}
