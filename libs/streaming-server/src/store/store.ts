import type { MessageLog } from './message-log.js';
import type { StateJournal, RecoveredState } from './state-journal.js';

/** Limits of each channel. 0 means unlimited. */
export interface StoreLimits {
  /** Channels at all; one more is refused. */
  readonly channelsMax: number;
  /** Above any of these three the oldest messages of the channel are dropped. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly ageMaxMs: number;
  /** Subscriptions of a channel, offline durables included; one more is refused. */
  readonly subscriptionsMax: number;
}

/** Where channels, clients and subscriptions live. */
export interface Store {
  readonly kind: 'MEMORY' | 'FILE';
  readonly limits: StoreLimits;
  /** Clients and subscriptions; nothing survives in a memory store. */
  readonly journal: StateJournal;
  /** Must be called first. Returns what an earlier server with this cluster id left behind. */
  open(clusterId: string): Promise<RecoveredState>;
  /** Throws `StoreError` for one channel too many. */
  createChannel(name: string): MessageLog;
  /** Makes everything appended and journaled so far safe; undefined when it already is. */
  flush(): Promise<void> | undefined;
  close(): Promise<void>;
}
