import type { CloudEvent } from '@app/nats';

/** An event as a transaction emitted it, and how it is to leave. */
export interface EmittedEvent {
  readonly event: CloudEvent;
  /** The key within which it keeps its order; the envelope's `partitionkey` says the same. */
  readonly key: string;
  /** Whether it waits for the earlier events of its key. */
  readonly ordered: boolean;
  /** It leaves no earlier than this, by the database's clock, and holds back the later ones of its key. Default: at once. */
  readonly notBefore?: Date;
}
