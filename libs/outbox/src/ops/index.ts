export { runOutboxCommand, type CommandSurroundings } from './cli/cli.js';
export type { DroppedMessage } from './drop.js';
export {
  LIST_STATES,
  type BlockedKey,
  type DeadLetterDetails,
  type DeadLetterItem,
  type ListItems,
  type ListPage,
  type ListState,
  type MessageDetails,
  type ParkedMessageSummary,
  type PendingHead,
} from './listing.js';
export { OutboxOperations, type ListOptions } from './outbox-operations.js';
export { LIST_LIMIT_MAX } from './paging.js';
export { plain } from './plain.js';
export type { ReconcileSpan, Seen } from './reconcile.js';
export { REPLAY_LIMIT_MAX, type Replayed } from './replay.js';
export type { RequeueSelection } from './requeue.js';
export { schemaSql } from './schema-sql.js';
export type { ReplaySelection } from './sql/find-replayable.js';
export type { OutboxStats } from './stats.js';
