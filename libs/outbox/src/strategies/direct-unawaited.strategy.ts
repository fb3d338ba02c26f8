import type { MessageBus } from '@app/nats';
import { Logger } from '@nestjs/common';
import type { EmittedEvent } from '../emitted-event.js';
import { PublishingStrategy } from './publishing.strategy.js';

/**
 * `direct-unawaited`: save, publish, and wait for nothing. **Not for production**: the caller is told that all is
 * well before anybody knows, and what fails then is lost. It shows in the log, and nowhere else.
 */
export class DirectUnawaitedStrategy extends PublishingStrategy {
  private readonly logger = new Logger('DirectUnawaited');

  constructor(private readonly bus: MessageBus) {
    super();
  }

  override afterCommit(events: readonly EmittedEvent[]): Promise<void> {
    for (const { event } of events) {
      this.publish(this.bus, event).catch((error: unknown) => {
        this.logger.error(`${event.type} ${event.id} is lost: ${String(error)}`);
      });
    }
    return Promise.resolve();
  }
}
