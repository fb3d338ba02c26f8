/**
 * How the events of a transaction leave the service. Only `outbox` keeps what is committed; the others are what
 * people write first, kept to be shown, and refused in production.
 *
 * - `direct`: published after the commit, the acknowledgement awaited. What fails then is lost.
 * - `direct-unawaited`: the same, and nobody waits for it.
 * - `direct-before-commit`: published, then committed. What fails to commit was told all the same.
 * - `direct-retry-in-memory`: published after the commit, repeated until it succeeds or the process ends.
 * - `outbox`: stored in the transaction itself, published by the relay.
 */
export type EventDelivery =
  'direct' | 'direct-unawaited' | 'direct-before-commit' | 'direct-retry-in-memory' | 'outbox';
