import { ProtocolReader, type Frame } from '../frame.js';
import type { NatsMessage } from '../message.js';

/** A message on a subject, from a client (PUB, HPUB) or to it (MSG, HMSG). */
export interface SubjectMessage {
  readonly subject: string;
  readonly reply: string | undefined;
  /** Without headers. */
  readonly payload: Buffer;
  /** `NATS/1.0`, behind it a status where the server itself speaks, and the headers; '' without. */
  readonly headers: string;
}

/** Says what a message means, if it is one of those that a cable knows. */
export type Reading = (message: SubjectMessage) => NatsMessage | undefined;

const OPERATIONS = [
  'INFO',
  'CONNECT',
  'PUB',
  'HPUB',
  'SUB',
  'UNSUB',
  'MSG',
  'HMSG',
  'PING',
  'PONG',
  '+OK',
  '-ERR',
];
const LINE_FEED = 0x0a;
const LINE_END_BYTES = 2;
/** Of a line that has not ended; the longest is an INFO of a large cluster. */
const LINE_BYTES_MAX = 1024 * 1024;

interface Head {
  /** Of the line, its end included. */
  readonly lineBytes: number;
  readonly message?: {
    readonly subject: string;
    readonly reply: string | undefined;
    readonly headerBytes: number;
    readonly payloadBytes: number;
  };
}

/**
 * The text protocol of NATS, the same in both directions: lines, some of them with a payload behind them.
 * https://docs.nats.io/reference/reference-protocols/nats-protocol
 */
export class NatsReader extends ProtocolReader {
  constructor(private readonly read: Reading) {
    super();
  }

  protected override lengthOf(bytes: Buffer): number | undefined {
    if (!beginsLikeOperation(bytes)) return this.giveUp();
    const head = headOf(bytes);
    if (head === undefined) return bytes.length > LINE_BYTES_MAX ? this.giveUp() : undefined;
    if (head === 'unreadable') return this.giveUp();
    const { lineBytes, message } = head;
    return message === undefined ? lineBytes : lineBytes + message.payloadBytes + LINE_END_BYTES;
  }

  protected override frameOf(bytes: Buffer): Frame {
    const head = headOf(bytes) as Head;
    if (head.message === undefined) return { bytes };
    const { subject, reply, headerBytes, payloadBytes } = head.message;
    const bodyStart = head.lineBytes + headerBytes;
    const headers = bytes.toString('utf8', head.lineBytes, bodyStart);
    const payload = bytes.subarray(bodyStart, head.lineBytes + payloadBytes);
    const message = this.read({ subject, reply, payload, headers });
    return message === undefined ? { bytes } : { bytes, message };
  }
}

/** Bytes of another protocol are not to be kept until they happen to hold the end of a line. */
function beginsLikeOperation(bytes: Buffer): boolean {
  const word = /^[^\s]{0,8}/.exec(bytes.toString('latin1', 0, 8))?.[0].toUpperCase() ?? '';
  const isWhole = word.length < Math.min(bytes.length, 8);
  return OPERATIONS.some((operation) =>
    isWhole ? word === operation : operation.startsWith(word) || word.startsWith(operation),
  );
}

function headOf(bytes: Buffer): Head | 'unreadable' | undefined {
  const end = bytes.indexOf(LINE_FEED);
  if (end < 0) return undefined;
  const lineBytes = end + 1;
  const [operation = '', ...words] = bytes
    .toString('utf8', 0, end)
    .trim()
    .split(/[ \t]+/);
  const name = operation.toUpperCase();
  if (!['PUB', 'HPUB', 'MSG', 'HMSG'].includes(name)) return { lineBytes };
  // A delivery names the subscription behind its subject.
  const subject = words.shift();
  if (name.endsWith('MSG')) words.shift();
  const payloadBytes = Number(words.pop());
  const headerBytes = name.startsWith('H') ? Number(words.pop()) : 0;
  const readable = subject !== undefined && isSize(payloadBytes) && isSize(headerBytes) && words.length <= 1;
  if (!readable) return 'unreadable';
  return { lineBytes, message: { subject, reply: words[0], headerBytes, payloadBytes } };
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
