import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { MessageBus } from './message-bus.js';

/** How long a health check waits for the broker's sign of life: well within an orchestrator's usual 1 s. */
const ROUND_TRIP_TIMEOUT_MS = 500;

/**
 * The broker's health for `@nestjs/terminus`: the connection's state, since when it is lost, how many of the
 * subscriptions the broker serves, and the time of a round trip in ms.
 *
 * Without the broker it is `degraded`, which fails no check: with an outbox the service goes on, and an
 * orchestrator that took it out would only add an outage of its own.
 */
export class NatsHealthIndicator {
  private readonly indicators = new HealthIndicatorService();

  constructor(private readonly bus: MessageBus) {}

  /** Never rejects, and never says `down`. */
  async check<const Key extends string>(key: Key): Promise<HealthIndicatorResult<Key>> {
    const health = await this.bus.health(ROUND_TRIP_TIMEOUT_MS);
    const session = this.indicators.check(key);
    const deaf = (health.subscriptionsAlive ?? 0) < (health.subscriptions ?? 0);
    const sound = this.bus.ready && !deaf;
    return sound ? session.up({ ...health }) : session.degraded({ ...health });
  }
}
