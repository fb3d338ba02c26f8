import type { Duplex } from 'node:stream';
import { OUTPUT_BLOCK_MAX_BYTES, OUTPUT_BLOCK_MIN_BYTES, OUTPUT_COPY_MAX_BYTES } from '../limits.js';

const CRLF = Buffer.from('\r\n');

/**
 * Gathers the frames for one connection and writes them together: at most one write is under way, and what
 * comes meanwhile makes the next one. So a busy connection costs one system call a tick, not one a message.
 */
export class FrameWriter {
  private blocks: Buffer[] = [];
  private block: Buffer = Buffer.alloc(0);
  private blockUsed = 0;
  private nextBlockBytes = OUTPUT_BLOCK_MIN_BYTES;
  private queuedBytes = 0;
  private writingBytes = 0;
  private writeStartedMs = 0;

  constructor(private readonly stream: Duplex) {}

  /** Bytes that the other side has not taken yet. */
  get pendingBytes(): number {
    return this.queuedBytes + this.writingBytes;
  }

  /** When the write under way began, by `performance.now()`; undefined when there is none. */
  get writingSinceMs(): number | undefined {
    return this.writingBytes > 0 ? this.writeStartedMs : undefined;
  }

  text(line: string): void {
    this.reserve(line.length);
    this.blockUsed += this.block.write(line, this.blockUsed, 'latin1');
    this.queuedBytes += line.length;
  }

  /** One frame with a payload; `head` ends before the payload's size. */
  message(head: string, payload: Buffer): void {
    const size = payload.length;
    const line = `${head}${size}\r\n`;
    const copied = size <= OUTPUT_COPY_MAX_BYTES;
    this.reserve(line.length + (copied ? size : 0) + CRLF.length);
    this.blockUsed += this.block.write(line, this.blockUsed, 'latin1');
    if (copied) {
      this.block.set(payload, this.blockUsed);
      this.blockUsed += size;
    } else {
      this.sealBlock();
      this.blocks.push(payload);
    }
    this.block[this.blockUsed++] = 0x0d;
    this.block[this.blockUsed++] = 0x0a;
    this.queuedBytes += line.length + size + CRLF.length;
  }

  /** Writes what is queued, unless a write is under way: then that one's end does. */
  flush(): void {
    if (this.writingBytes > 0 || this.queuedBytes === 0 || this.stream.destroyed) return;
    this.sealBlock();
    const blocks = this.blocks;
    this.blocks = [];
    this.writingBytes = this.queuedBytes;
    this.queuedBytes = 0;
    this.writeStartedMs = performance.now();
    this.stream.cork();
    const last = blocks.length - 1;
    blocks.forEach((block, index) => this.stream.write(block, index === last ? this.written : undefined));
    this.stream.uncork();
  }

  private readonly written = (error?: Error | null): void => {
    this.writingBytes = 0;
    if (error === undefined || error === null) this.flush();
  };

  private reserve(bytes: number): void {
    if (this.block.length - this.blockUsed >= bytes) return;
    this.sealBlock();
    // Not from Node's pool: blocks live as long as a slow client needs them.
    this.block = Buffer.allocUnsafeSlow(Math.max(bytes, this.nextBlockBytes));
    this.blockUsed = 0;
    this.nextBlockBytes = Math.min(this.nextBlockBytes * 2, OUTPUT_BLOCK_MAX_BYTES);
  }

  /** Queues the used part of the block; the rest of it stays in use. */
  private sealBlock(): void {
    if (this.blockUsed === 0) return;
    this.blocks.push(this.block.subarray(0, this.blockUsed));
    this.block = this.block.subarray(this.blockUsed);
    this.blockUsed = 0;
  }
}
