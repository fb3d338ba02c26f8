import { join } from 'node:path';
import { StoreDamagedError } from '../../errors.js';
import type { Log } from '../../log.js';
import { readStoredMessage } from '../../wire/stored-message.js';
import type { AppendFile, FileOperations } from './file-operations.js';
import { syncOrFail } from './sync-or-fail.js';
import { RECORD_HEAD_BYTES, RecordBuffer, scanRecords } from './records.js';

const INITIAL_INDEX = 64;
const SEGMENT_NAME = /^messages-(\d+)-(\d+)\.log$/;

/** Which segment a file name means; undefined if it is no segment's. */
export function parseSegmentName(name: string): { channelId: number; firstSequence: number } | undefined {
  const match = SEGMENT_NAME.exec(name);
  return match === null ? undefined : { channelId: Number(match[1]), firstSequence: Number(match[2]) };
}

function segmentName(channelId: number, firstSequence: number): string {
  return `messages-${channelId}-${String(firstSequence).padStart(16, '0')}.log`;
}

/**
 * A run of a channel's messages in one file, with the place of each in memory (four bytes a message).
 * Its parts: on the disk (`safeBytes`), written but not synced, and gathered in `buffer`.
 */
export class Segment {
  readonly path: string;
  /** Size of the file plus what is gathered. */
  bytes = 0;
  messageCount = 0;
  private offsets = new Uint32Array(INITIAL_INDEX);
  private readonly buffer = new RecordBuffer();
  private writtenBytes = 0;
  private safeBytes = 0;
  private safeCount = 0;
  private file: AppendFile | undefined;

  constructor(
    private readonly files: FileOperations,
    directory: string,
    channelId: number,
    readonly firstSequence: number,
  ) {
    this.path = join(directory, segmentName(channelId, firstSequence));
  }

  get lastSequence(): number {
    return this.firstSequence + this.messageCount - 1;
  }

  get dirty(): boolean {
    return this.buffer.length > 0;
  }

  /** Where the record of a message starts and how long its payload is. */
  place(sequence: number): { offset: number; length: number } {
    const index = sequence - this.firstSequence;
    const offset = this.offsets[index] as number;
    const end = index + 1 < this.messageCount ? (this.offsets[index + 1] as number) : this.bytes;
    return { offset: offset + RECORD_HEAD_BYTES, length: end - offset - RECORD_HEAD_BYTES };
  }

  append(payloadBytes: number, write: (target: Buffer, offset: number) => void): void {
    this.buffer.append(payloadBytes, this.safeBytes, write);
    this.index(this.bytes);
    this.bytes += RECORD_HEAD_BYTES + payloadBytes;
  }

  /** Writes what is gathered, and syncs it. True if the file is new, so that its directory must be synced too. */
  async flush(sync: boolean): Promise<boolean> {
    const isNew = this.file === undefined;
    this.file ??= await this.files.openAppend(this.path);
    const gathered = this.buffer.take();
    await this.file.write(gathered, this.writtenBytes);
    this.writtenBytes += gathered.length;
    if (sync) await syncOrFail(this.file, this.path);
    this.safeBytes = this.writtenBytes;
    this.safeCount = this.messageCount;
    return isNew;
  }

  /** Forgets what could not be flushed, also the part of it that may have reached the file. */
  async rollBack(): Promise<void> {
    this.buffer.take();
    this.writtenBytes = this.safeBytes;
    this.bytes = this.safeBytes;
    this.messageCount = this.safeCount;
    await this.file?.truncate(this.safeBytes);
  }

  /**
   * Reads what an earlier server left. A torn end of the `last` segment is cut off with a warning; throws
   * `StoreDamagedError` for anything else that is wrong.
   */
  async recover(last: boolean, log: Log): Promise<void> {
    const bytes = await this.files.read(this.path);
    const { goodBytes, fault, wasSafe } = scanRecords(bytes, (payload, offset) => {
      const sequence = this.sequenceOf(payload, offset);
      if (sequence !== this.lastSequence + 1) {
        throw new StoreDamagedError(
          this.path,
          offset,
          `message ${sequence} where ${this.lastSequence + 1} belongs`,
        );
      }
      this.index(offset);
    });
    if (fault !== undefined && (wasSafe || !last)) throw new StoreDamagedError(this.path, goodBytes, fault);
    this.file = await this.files.openAppend(this.path);
    if (fault !== undefined) {
      log.warn(`${this.path}: cut ${bytes.length - goodBytes} bytes off at offset ${goodBytes} (${fault})`);
      await this.file.truncate(goodBytes);
      await this.file.sync();
    }
    this.bytes = this.writtenBytes = this.safeBytes = goodBytes;
    this.safeCount = this.messageCount;
    // Only the last one is written to; the others are opened for a moment when they are read.
    if (!last) await this.close();
  }

  async close(): Promise<void> {
    const file = this.file;
    this.file = undefined;
    await file?.close();
  }

  async remove(): Promise<void> {
    await this.close();
    await this.files.remove(this.path);
  }

  private sequenceOf(payload: Buffer, offset: number): number {
    try {
      return readStoredMessage(payload).sequence;
    } catch {
      throw new StoreDamagedError(this.path, offset, 'a record that is no message');
    }
  }

  private index(offset: number): void {
    if (this.messageCount === this.offsets.length) {
      const larger = new Uint32Array(this.offsets.length * 2);
      larger.set(this.offsets);
      this.offsets = larger;
    }
    this.offsets[this.messageCount++] = offset;
  }
}
