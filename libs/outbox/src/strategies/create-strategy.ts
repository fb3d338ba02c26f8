import type { MessageBus } from '@app/nats';
import type { DeliveryStrategy } from '../delivery-strategy.js';
import type { EventDelivery } from './event-delivery.js';
import type { Tables } from '../schema/tables.js';
import { DirectBeforeCommitStrategy } from './direct-before-commit.strategy.js';
import { DirectRetryInMemoryStrategy } from './direct-retry-in-memory.strategy.js';
import { DirectUnawaitedStrategy } from './direct-unawaited.strategy.js';
import { DirectStrategy } from './direct.strategy.js';
import { OutboxStrategy } from './outbox.strategy.js';

/** What strategies are made of. */
export interface StrategyParts {
  readonly bus: MessageBus;
  readonly tables: Tables;
  readonly relay: { wake(): void };
}

/** The one place that knows every strategy: a delivery that is missing here does not compile. */
const STRATEGIES: Readonly<Record<EventDelivery, (parts: StrategyParts) => DeliveryStrategy>> = {
  direct: ({ bus }) => new DirectStrategy(bus),
  'direct-unawaited': ({ bus }) => new DirectUnawaitedStrategy(bus),
  'direct-before-commit': ({ bus }) => new DirectBeforeCommitStrategy(bus),
  'direct-retry-in-memory': ({ bus }) => new DirectRetryInMemoryStrategy(bus),
  outbox: ({ tables, relay }) => new OutboxStrategy(tables, relay),
};

export function createStrategy(delivery: EventDelivery, parts: StrategyParts): DeliveryStrategy {
  return STRATEGIES[delivery](parts);
}
