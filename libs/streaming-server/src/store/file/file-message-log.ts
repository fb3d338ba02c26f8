import { StoreDamagedError } from '../../errors.js';
import {
  READ_BLOCK_BYTES,
  READ_BLOCKS_PER_CHANNEL,
  SEGMENT_MAX_BYTES,
  SEGMENT_MIN_BYTES,
  SEGMENT_MIN_MESSAGES,
  SEGMENTS_PER_CHANNEL,
} from '../../limits.js';
import type { Log } from '../../log.js';
import { readStoredMessage, storedMessageBytes, writeStoredMessage } from '../../wire/stored-message.js';
import type { MessageLog, NewMessage } from '../message-log.js';
import type { StoreLimits } from '../store.js';
import type { FileOperations } from './file-operations.js';
import { Segment } from './segment.js';

interface Block {
  readonly segment: Segment;
  readonly start: number;
  readonly bytes: Buffer;
}

export interface FileMessageLogOptions {
  readonly files: FileOperations;
  readonly directory: string;
  readonly channelId: number;
  readonly limits: StoreLimits;
}

/** A channel's messages in segments. What was appended is safe after `flush`, and read from the files again. */
export class FileMessageLog implements MessageLog {
  firstSequence = 1;
  byteCount = 0;
  private segments: Segment[] = [];
  private removed: Segment[] = [];
  private blocks: Block[] = [];
  private lastTimestampMs = 0;
  private readonly subject: Buffer;
  private readonly segmentBytes: number;
  private readonly segmentMessages: number;

  constructor(
    name: string,
    private readonly options: FileMessageLogOptions,
  ) {
    const { bytesMax, messagesMax } = options.limits;
    this.subject = Buffer.from(name);
    this.segmentBytes = portion(bytesMax, SEGMENT_MIN_BYTES, SEGMENT_MAX_BYTES);
    this.segmentMessages = portion(messagesMax, SEGMENT_MIN_MESSAGES, Infinity);
  }

  get lastSequence(): number {
    return this.segments.at(-1)?.lastSequence ?? 0;
  }

  get messageCount(): number {
    return this.lastSequence - this.firstSequence + 1;
  }

  get dirty(): boolean {
    return this.removed.length > 0 || this.segments.some((segment) => segment.dirty);
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
    const bytes = storedMessageBytes(sequence, content);
    this.segmentForNext(sequence).append(bytes, (target, offset) => {
      writeStoredMessage(target, offset, sequence, content);
    });
    this.byteCount += bytes;
    return sequence;
  }

  read(sequence: number): Buffer | undefined {
    if (sequence < this.firstSequence || sequence > this.lastSequence) return undefined;
    const segment = this.segments.findLast((candidate) => candidate.firstSequence <= sequence) as Segment;
    const { offset, length } = segment.place(sequence);
    const block = this.block(segment, offset, length);
    return block.bytes.subarray(offset - block.start, offset - block.start + length);
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
    const { ageMaxMs } = this.options.limits;
    if (ageMaxMs === 0) return;
    while (this.messageCount > 0 && this.timestampOf(this.firstSequence) < nowMs - ageMaxMs) this.dropFirst();
    this.removeDeadSegments();
  }

  /** Makes the appended messages safe, oldest segment first; then drops what is over the limits. */
  async flush(sync: boolean): Promise<void> {
    let newFile = false;
    for (const segment of this.segments.filter((candidate) => candidate.dirty)) {
      newFile = (await segment.flush(sync)) || newFile;
      if (segment !== this.segments.at(-1)) await segment.close();
    }
    if (newFile && sync) await this.options.files.syncDirectory(this.options.directory);
    this.enforceLimits();
    for (const segment of this.removed.splice(0)) await segment.remove();
  }

  /** Takes back what could not be flushed: its publishers are told so, and its sequences are used again. */
  async rollBack(): Promise<void> {
    for (const segment of this.segments) await segment.rollBack();
    while (this.segments.length > 1 && this.segments.at(-1)?.messageCount === 0)
      await this.segments.pop()?.remove();
    this.blocks = [];
    this.countBytes();
  }

  /** Takes over the segments of an earlier server; throws `StoreDamagedError` where they are not whole. */
  async recover(firstSequences: readonly number[], log: Log): Promise<void> {
    const sorted = [...firstSequences].sort((a, b) => a - b);
    for (const [index, firstSequence] of sorted.entries()) {
      const segment = this.newSegment(firstSequence);
      await segment.recover(index === sorted.length - 1, log);
      const expected = index === 0 ? firstSequence : this.lastSequence + 1;
      if (firstSequence !== expected) {
        throw new StoreDamagedError(
          segment.path,
          0,
          `message ${expected} should come first: a file is missing`,
        );
      }
      this.segments.push(segment);
    }
    this.firstSequence = this.segments[0]?.firstSequence ?? 1;
    this.countBytes();
    if (this.messageCount > 0) this.lastTimestampMs = this.timestampOf(this.lastSequence);
    this.enforceLimits();
    this.expire(Date.now());
  }

  async close(): Promise<void> {
    for (const segment of this.segments) await segment.close();
  }

  private segmentForNext(sequence: number): Segment {
    const current = this.segments.at(-1);
    const full =
      current === undefined ||
      current.bytes >= this.segmentBytes ||
      current.messageCount >= this.segmentMessages;
    if (!full) return current;
    const segment = this.newSegment(sequence);
    this.segments.push(segment);
    return segment;
  }

  private newSegment(firstSequence: number): Segment {
    const { files, directory, channelId } = this.options;
    return new Segment(files, directory, channelId, firstSequence);
  }

  private block(segment: Segment, offset: number, length: number): Block {
    const known = this.blocks.find(
      (block) =>
        block.segment === segment &&
        offset >= block.start &&
        offset + length <= block.start + block.bytes.length,
    );
    if (known !== undefined) return known;
    const bytes = this.options.files.readSync(segment.path, offset, Math.max(length, READ_BLOCK_BYTES));
    if (bytes.length < length)
      throw new StoreDamagedError(segment.path, offset, 'the file has become shorter');
    const block = { segment, start: offset, bytes };
    this.blocks = [block, ...this.blocks.slice(0, READ_BLOCKS_PER_CHANNEL - 1)];
    return block;
  }

  /** The newest message stays, whatever its size. */
  private enforceLimits(): void {
    const { messagesMax, bytesMax } = this.options.limits;
    const over = (): boolean =>
      (messagesMax > 0 && this.messageCount > messagesMax) || (bytesMax > 0 && this.byteCount > bytesMax);
    while (this.messageCount > 1 && over()) this.dropFirst();
    this.removeDeadSegments();
  }

  private dropFirst(): void {
    const segment = this.segments.find(
      (candidate) => candidate.lastSequence >= this.firstSequence,
    ) as Segment;
    this.byteCount -= segment.place(this.firstSequence).length;
    this.firstSequence++;
  }

  /** The last segment stays even when all its messages are dropped: it holds the next sequence. */
  private removeDeadSegments(): void {
    while (this.segments.length > 1 && (this.segments[0] as Segment).lastSequence < this.firstSequence) {
      this.removed.push(this.segments.shift() as Segment);
    }
  }

  private countBytes(): void {
    this.byteCount = 0;
    for (let sequence = this.firstSequence; sequence <= this.lastSequence; sequence++) {
      const segment = this.segments.findLast((candidate) => candidate.firstSequence <= sequence) as Segment;
      this.byteCount += segment.place(sequence).length;
    }
  }

  private timestampOf(sequence: number): number {
    const message = this.read(sequence);
    return message === undefined ? Infinity : readStoredMessage(message).timestampMs;
  }
}

/** An even part of a limit, within bounds; without a limit the largest. */
function portion(limit: number, min: number, max: number): number {
  return limit === 0 ? max : Math.min(max, Math.max(min, Math.ceil(limit / SEGMENTS_PER_CHANNEL)));
}
