import type { EntityManager } from 'typeorm';
import { DeliveryStrategy } from '../src/delivery-strategy.js';
import type { EmittedEvent } from '../src/emitted-event.js';

/** Notes when it is called in a {@link FakeDatabase}'s journal, and with what. */
export class RecordingStrategy extends DeliveryStrategy {
  readonly handedOver: EmittedEvent[] = [];
  failure: Error | undefined;

  constructor(private readonly journal: string[]) {
    super();
  }

  override beforeCommit(_manager: EntityManager, events: readonly EmittedEvent[]): Promise<void> {
    this.journal.push('beforeCommit');
    this.handedOver.push(...events);
    return Promise.resolve();
  }

  override afterCommit(): Promise<void> {
    this.journal.push('afterCommit');
    return this.failure ? Promise.reject(this.failure) : Promise.resolve();
  }
}
