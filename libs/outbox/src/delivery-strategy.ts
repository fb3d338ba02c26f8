import type { CloudEvent } from '@app/nats';
import type { EntityManager } from 'typeorm';

/**
 * When and how the events of a transaction leave. It is an abstract class, so that Nest can inject by it.
 */
export abstract class DeliveryStrategy {
  /** Called at the end of the transaction, if it emitted anything; what it throws rolls back. */
  abstract beforeCommit(manager: EntityManager, events: readonly CloudEvent[]): Promise<void>;

  /** Called after the commit, if the transaction emitted anything; what it throws can undo nothing. */
  abstract afterCommit(events: readonly CloudEvent[]): Promise<void>;
}
