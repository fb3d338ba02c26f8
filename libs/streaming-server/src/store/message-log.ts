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
