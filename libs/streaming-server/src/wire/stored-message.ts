import { varintBytes, writeVarint } from './wire-writer.js';
import { WireReader } from './wire-reader.js';

/**
 * A stored message is kept exactly as its subscribers get it: an encoded MsgProto{1 sequence, 2 subject, 3 reply,
 * 4 data, 5 timestamp}. Delivery is then a copy, and a redelivery the same bytes with two fields appended.
 */
const SEQUENCE_TAG = 0x08;
const SUBJECT_TAG = 0x12;
const REPLY_TAG = 0x1a;
const DATA_TAG = 0x22;
const TIMESTAMP_TAG = 0x28;
const REDELIVERED_TAG = 0x30;
const REDELIVERY_COUNT_TAG = 0x38;
const NS_PER_MS = 1_000_000n;

export interface MessageContent {
  readonly subject: Uint8Array;
  readonly reply: Uint8Array;
  readonly data: Uint8Array;
  readonly timestampMs: number;
}

let encodedTimestampMs = -1;
let encodedTimestamp: Buffer = Buffer.alloc(0);

/** Nanoseconds don't fit into a number; one conversion serves all messages of a millisecond. */
function encodeTimestamp(timestampMs: number): Buffer {
  if (timestampMs !== encodedTimestampMs) {
    const bytes: number[] = [];
    let rest = BigInt(timestampMs) * NS_PER_MS;
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    encodedTimestamp = Buffer.from(bytes);
    encodedTimestampMs = timestampMs;
  }
  return encodedTimestamp;
}

function fieldBytes(length: number): number {
  return length === 0 ? 0 : 1 + varintBytes(length) + length;
}

/** Bytes that the message takes when encoded. */
export function storedMessageBytes(sequence: number, content: MessageContent): number {
  const { subject, reply, data, timestampMs } = content;
  const numbers = 2 + varintBytes(sequence) + encodeTimestamp(timestampMs).length;
  return numbers + fieldBytes(subject.length) + fieldBytes(reply.length) + fieldBytes(data.length);
}

/** Encodes into `target` and returns the offset after it. */
export function writeStoredMessage(
  target: Buffer,
  offset: number,
  sequence: number,
  content: MessageContent,
): number {
  let position = offset;
  target[position++] = SEQUENCE_TAG;
  position = writeVarint(target, position, sequence);
  position = writeField(target, position, SUBJECT_TAG, content.subject);
  position = writeField(target, position, REPLY_TAG, content.reply);
  position = writeField(target, position, DATA_TAG, content.data);
  target[position++] = TIMESTAMP_TAG;
  const timestamp = encodeTimestamp(content.timestampMs);
  target.set(timestamp, position);
  return position + timestamp.length;
}

function writeField(target: Buffer, offset: number, tag: number, value: Uint8Array): number {
  if (value.length === 0) return offset;
  target[offset] = tag;
  const position = writeVarint(target, offset + 1, value.length);
  target.set(value, position);
  return position + value.length;
}

/** The same message, marked as delivered again for the `count`-th time. */
export function asRedelivered(message: Buffer, count: number): Buffer {
  const marked = Buffer.allocUnsafe(message.length + 3 + varintBytes(count));
  let position = message.copy(marked);
  marked[position++] = REDELIVERED_TAG;
  marked[position++] = 1;
  marked[position++] = REDELIVERY_COUNT_TAG;
  writeVarint(marked, position, count);
  return marked;
}

/** Sequence and time of a stored message. Throws `RangeError` if it is none. */
export function readStoredMessage(message: Buffer): { sequence: number; timestampMs: number } {
  const reader = new WireReader(message);
  let sequence = 0;
  let timestampMs = 0;
  while (reader.next()) {
    if (reader.field === 1) sequence = reader.uint64();
    // Whole milliseconds were stored: rounding undoes the loss of the conversion to a double.
    else if (reader.field === 5) timestampMs = Math.round(reader.uint64() / Number(NS_PER_MS));
    else reader.skip();
  }
  return { sequence, timestampMs };
}
