import { StoreError } from '../errors.js';
import { readStoredMessage, storedMessageBytes, writeStoredMessage } from '../wire/stored-message.js';
import { DEFAULT_STORE_LIMITS } from './store-limits.js';
import { EMPTY_STATE, FORGETFUL_JOURNAL, type RecoveredState } from './state-journal.js';
import type { MessageLog, NewMessage } from './message-log.js';
import type { Store, StoreLimits } from './store.js';

/** Keeps everything in memory: a restart has lost it all. */
export class MemoryStore implements Store {
  readonly kind = 'MEMORY';
  readonly journal = FORGETFUL_JOURNAL;
  readonly limits: StoreLimits;
  private channelCount = 0;

  constructor(limits: Partial<StoreLimits> = {}) {
    this.limits = { ...DEFAULT_STORE_LIMITS, ...limits };
  }

  open(): Promise<RecoveredState> {
    return Promise.resolve(EMPTY_STATE);
  }

  createChannel(name: string): MessageLog {
    const { channelsMax } = this.limits;
    if (channelsMax > 0 && this.channelCount >= channelsMax) throw new StoreError('too many channels');
    this.channelCount++;
    return new MemoryMessageLog(name, this.limits);
  }

  flush(): undefined {
    return undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class MemoryMessageLog implements MessageLog {
  lastSequence = 0;
  byteCount = 0;
  /** Messages from `dropped` on are alive; the dead ones before it are cut off now and then. */
  private messages: (Buffer | undefined)[] = [];
  private dropped = 0;
  private lastTimestampMs = 0;
  private readonly subject: Buffer;

  constructor(
    name: string,
    private readonly limits: StoreLimits,
  ) {
    this.subject = Buffer.from(name);
  }

  get messageCount(): number {
    return this.messages.length - this.dropped;
  }

  get firstSequence(): number {
    return this.lastSequence - this.messageCount + 1;
  }

  append(message: NewMessage): number {
    this.lastTimestampMs = Math.max(this.lastTimestampMs, Date.now());
    const content = {
      subject: this.subject,
      reply: Buffer.from(message.reply),
      data: message.data,
      timestampMs: this.lastTimestampMs,
    };
    const sequence = this.lastSequence + 1;
    const encoded = Buffer.allocUnsafe(storedMessageBytes(sequence, content));
    writeStoredMessage(encoded, 0, sequence, content);
    this.messages.push(encoded);
    this.lastSequence = sequence;
    this.byteCount += encoded.length;
    this.enforceLimits();
    return sequence;
  }

  read(sequence: number): Buffer | undefined {
    return sequence < this.firstSequence
      ? undefined
      : this.messages[sequence - this.firstSequence + this.dropped];
  }

  sequenceAtTime(timestampMs: number): number {
    let low = this.firstSequence;
    let high = this.lastSequence + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.timestampOf(middle) < timestampMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  expire(nowMs: number): void {
    const { ageMaxMs } = this.limits;
    if (ageMaxMs === 0) return;
    while (this.messageCount > 0 && this.timestampOf(this.firstSequence) < nowMs - ageMaxMs) this.dropFirst();
  }

  /** The newest message stays, whatever its size. */
  private enforceLimits(): void {
    const { messagesMax, bytesMax } = this.limits;
    const over = (): boolean =>
      (messagesMax > 0 && this.messageCount > messagesMax) || (bytesMax > 0 && this.byteCount > bytesMax);
    while (this.messageCount > 1 && over()) this.dropFirst();
  }

  private dropFirst(): void {
    this.byteCount -= this.messages[this.dropped]?.length ?? 0;
    this.messages[this.dropped++] = undefined;
    if (this.dropped < 1024 || this.dropped * 2 < this.messages.length) return;
    this.messages = this.messages.slice(this.dropped);
    this.dropped = 0;
  }

  private timestampOf(sequence: number): number {
    const message = this.read(sequence);
    return message === undefined ? Infinity : readStoredMessage(message).timestampMs;
  }
}
