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

/** What a publisher wants stored. */
export interface NewMessage {
  readonly reply: string;
  readonly data: Uint8Array;
}

/** The messages of one channel: sequences from 1, without gaps, never reused. */
export interface MessageLog {
  /** 1 when nothing was ever stored; otherwise the oldest message that is still there. */
  readonly firstSequence: number;
  /** 0 when nothing was ever stored. Includes messages that are not flushed yet. */
  readonly lastSequence: number;
  readonly messageCount: number;
  readonly byteCount: number;
  /** Returns the message's sequence. It is safe when the store's `flush` is over. Throws `StoreError`. */
  append(message: NewMessage): number;
  /** The encoded message as subscribers get it; undefined when it was dropped or never stored. */
  read(sequence: number): Buffer | undefined;
  /** The first message not older than that, or `lastSequence + 1`. */
  sequenceAtTime(timestampMs: number): number;
  /** Drops messages over the age limit. */
  expire(nowMs: number): void;
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
