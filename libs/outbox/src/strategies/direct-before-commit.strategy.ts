import type { MessageBus } from '@app/nats';
import type { EntityManager } from 'typeorm';
import type { EmittedEvent } from '../emitted-event.js';
import { EventsUnpublishedError } from '../outbox.errors.js';
import { PublishingStrategy } from './publishing.strategy.js';

/**
 * `direct-before-commit`: publish, then save. **Not for production**: nothing is lost, but what is published can't be
 * taken back. When the commit fails, or the publish was *unknown* and did arrive, the others act on something that
 * never happened; when the transaction is repeated after a serialization failure, on it twice, under two ids. The
 * transaction holds its locks and its connection for as long as the broker takes to answer.
 */
export class DirectBeforeCommitStrategy extends PublishingStrategy {
  constructor(private readonly bus: MessageBus) {
    super();
  }

  override async beforeCommit(manager: EntityManager, events: readonly EmittedEvent[]): Promise<void> {
    await super.beforeCommit(manager, events);
    try {
      for (const { event } of events) await this.publish(this.bus, event);
    } catch (cause) {
      throw new EventsUnpublishedError(
        events.map(({ event }) => event),
        { cause },
      );
    }
  }

  override afterCommit(): Promise<void> {
    return Promise.resolve();
  }
}
