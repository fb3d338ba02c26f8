import type { CableMessage } from './message.js';

/** What is passed on, lost or held as a whole. */
export interface Frame {
  readonly bytes: Buffer;
  /** What it says, where it is one of the messages that the cable knows. */
  readonly message?: CableMessage;
  /** Called when it has been passed on, for whoever has to know what the other end got. */
  readonly passed?: () => void;
}

/** Makes frames of what one end of a connection sends, in whatever pieces it comes. Bytes are never lost or moved. */
export interface FrameReader {
  push(bytes: Buffer): Frame[];
  /** Takes out what has come of a frame whose rest has not: the end will send no more. */
  rest(): Buffer;
}

/** The readers of one connection. */
export interface Wire {
  /** Of the end that dialled. */
  readonly there: FrameReader;
  /** Of the end that was dialled. */
  readonly back: FrameReader;
}

/** Makes the readers of each new connection of one cable. */
export type Wiring = () => Wire;

/** Bytes that nobody reads: each piece is a frame. */
export const rawWiring: Wiring = () => ({ there: new RawReader(), back: new RawReader() });

class RawReader implements FrameReader {
  push(bytes: Buffer): Frame[] {
    return [{ bytes }];
  }

  rest(): Buffer {
    return Buffer.alloc(0);
  }
}

/**
 * Keeps what has come until a frame of it is whole. At the first bytes that are no frame of its protocol it gives up
 * for good, and passes everything as it comes.
 */
export abstract class ProtocolReader implements FrameReader {
  private kept: Buffer = Buffer.alloc(0);
  private gaveUp = false;

  push(bytes: Buffer): Frame[] {
    this.kept = this.kept.length === 0 ? bytes : Buffer.concat([this.kept, bytes]);
    const frames: Frame[] = [];
    while (!this.gaveUp && this.kept.length > 0) {
      const length = this.lengthOf(this.kept);
      if (length === undefined || length > this.kept.length) break;
      const frame = this.frameOf(this.kept.subarray(0, length));
      this.kept = this.kept.subarray(length);
      if (frame !== undefined) frames.push(frame);
    }
    if (this.gaveUp) frames.push({ bytes: this.rest() });
    return frames.filter((frame) => frame.bytes.length > 0);
  }

  rest(): Buffer {
    const rest = Buffer.concat([this.gathered(), this.kept]);
    this.kept = Buffer.alloc(0);
    return rest;
  }

  /** How long the frame is that the bytes begin with; undefined where that cannot be told yet. */
  protected abstract lengthOf(bytes: Buffer): number | undefined;

  /** The frame of these bytes, or undefined where a later one will hold them too. */
  protected abstract frameOf(bytes: Buffer): Frame | undefined;

  /** Takes out what was kept for a later frame. */
  protected gathered(): Buffer {
    return Buffer.alloc(0);
  }

  protected giveUp(): undefined {
    this.gaveUp = true;
  }
}
