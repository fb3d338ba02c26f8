export { CreateOutbox1767225600000 } from './create-outbox.migration.js';
export { DeliveryStrategy } from './delivery-strategy.js';
export { OUTBOX_STEPS, type OutboxStep } from './diagnostics.js';
export { Inbox } from './inbox.js';
export { migrate } from './migrate.js';
export { EmitOutsideTransactionError, EventsUnconfirmedError, OutboxError } from './outbox.errors.js';
export { OutboxModule, type OutboxModuleAsyncOptions } from './outbox.module.js';
export {
  outboxEnvironment,
  RELAY_DEFAULTS,
  type EventDelivery,
  type OutboxOptions,
  type RelayOptions,
} from './outbox.options.js';
export { Relay } from './relay.js';
export { UnitOfWork, type Transaction } from './unit-of-work.js';
