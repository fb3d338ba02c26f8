import { ProtocolReader } from '../frame.js';

/** A type byte, and a length that counts itself: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const HEADER_BYTES = 5;
const LENGTH_BYTES = 4;
/** PostgreSQL's own limit of a message. */
const MESSAGE_BYTES_MAX = 0x3fff_ffff;

/** What both directions have in common: messages with a type byte. */
export abstract class PostgresReader extends ProtocolReader {
  /** Bytes of messages that belong to one frame with a later one. */
  private parts: Buffer[] = [];

  /** @param types the letters of this direction's messages */
  constructor(private readonly types: string) {
    super();
  }

  protected override lengthOf(bytes: Buffer): number | undefined {
    if (!this.types.includes(typeOf(bytes))) return this.giveUp();
    if (bytes.length < HEADER_BYTES) return undefined;
    const length = bytes.readInt32BE(1);
    return length < LENGTH_BYTES || length > MESSAGE_BYTES_MAX ? this.giveUp() : length + 1;
  }

  protected override gathered(): Buffer {
    const bytes = Buffer.concat(this.parts);
    this.parts = [];
    return bytes;
  }

  protected gather(bytes: Buffer): undefined {
    this.parts.push(bytes);
  }

  protected get isGathering(): boolean {
    return this.parts.length > 0;
  }
}

export function typeOf(bytes: Buffer): string {
  return String.fromCharCode(bytes[0] ?? 0);
}

/** The strings that a message begins with, each ended by a zero byte. */
export function stringsOf(bytes: Buffer, count: number, from = HEADER_BYTES): string[] {
  const strings: string[] = [];
  for (let start = from; strings.length < count;) {
    const end = bytes.indexOf(0, start);
    if (end < 0) break;
    strings.push(bytes.toString('utf8', start, end));
    start = end + 1;
  }
  return strings;
}
