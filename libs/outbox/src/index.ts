export { DeliveryStrategy } from './delivery-strategy.js';
export { OUTBOX_STEPS, type OutboxStep } from './diagnostics.js';
export type { EmittedEvent } from './emitted-event.js';
export type { DeadLetter, DeadLetterReason, DeadLetterSummary } from './inbox/dead-letter.js';
export { OutboxHealthIndicator } from './health/outbox-health.js';
export { HEALTH_DEFAULTS, type OutboxHealthOptions } from './health/outbox-health.options.js';
export { InboxDeadLetters } from './inbox/inbox-dead-letters.js';
export { Inbox } from './inbox/inbox.js';
export { acceptGap } from './inbox/sql/accept-gap.js';
export { openGaps, type OpenGap, type OpenGaps } from './inbox/sql/read-open-gaps.js';
export { metricFamilies, type MetricFamily, type MetricValue } from './metrics/metric-families.js';
export { OutboxMetrics, type OutboxSnapshot } from './metrics/outbox-metrics.js';
export type { OutboxSample } from './metrics/outbox-sample.js';
export { OutboxSampler, SAMPLER_DEFAULTS, type OutboxSamplerOptions } from './metrics/outbox-sampler.js';
export { migrate } from './migrate.js';
export * from './ops/index.js';
export * from './outbox.errors.js';
export { OutboxModule, type OutboxModuleAsyncOptions } from './outbox.module.js';
export {
  outboxEnvironment,
  outboxOptionsFrom,
  outboxRules,
  RELAY_DEFAULTS,
  type EventTypeOptions,
  type EventTypesOptions,
  type OutboxOptions,
  type RelayOptions,
  type RelayPlace,
} from './outbox.options.js';
export { Relay, type RelayParts } from './relay/relay.js';
export { Retention, type RetentionHealth, type RetentionRound } from './retention/retention.js';
export { RETENTION_DEFAULTS, type RetentionOptions } from './retention/retention.options.js';
export { refuseUnsafeDelivery, whyUnsafe, type DeliveryEnvironment } from './strategies/unsafe-delivery.js';
export type { EventDelivery } from './strategies/event-delivery.js';
export { outboxMigration, type OutboxMigrationOptions } from './schema/outbox.migration.js';
export { Tables, type Sql, type SqlRunner, type TableNames } from './schema/tables.js';
export { UnitOfWork, type RunOptions, type IsolationLevel, type Transaction } from './unit-of-work.js';
export type { EmitOptions } from './unit-of-work-emits.js';
