import { CONTROL_LINE_MAX_BYTES, PAYLOAD_MAX_BYTES } from '../limits.js';

/** What a parsed connection does. An absent queue, reply or maximum is `''` or `0`. */
export interface ParserSink {
  onConnect(json: string): void;
  onPing(): void;
  onPong(): void;
  onSubscribe(subject: string, queue: string, sid: string): void;
  onUnsubscribe(sid: string, deliveriesMax: number): void;
  /** `payload` is a view on the chunk that was pushed: copy it to keep it. */
  onPublish(subject: string, reply: string, payload: Buffer): void;
  /** The stream can't be understood any further. `errorText` is what the client is told, if anything. */
  onViolation(errorText: string | undefined): void;
}

export const UNKNOWN_OPERATION = 'Unknown Protocol Operation';
const CONTROL_LINE_EXCEEDED = 'maximum control line exceeded';
const PAYLOAD_VIOLATION = 'Maximum Payload Violation';

const BLANK = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const LOWER_CASE_BIT = 0x20;

type Operation = 'pub' | 'sub' | 'unsub' | 'ping' | 'pong' | 'connect' | 'info' | '+ok' | '-err' | 'hpub';

/** What a line may begin with; the flag tells whether a blank must follow. The rest of a PING is not looked at. */
const OPERATIONS: readonly (readonly [Operation, boolean])[] = [
  ['pub', true],
  ['sub', true],
  ['unsub', true],
  ['ping', false],
  ['pong', false],
  ['connect', false],
  ['info', false],
  ['+ok', false],
  ['-err', false],
  ['hpub', true],
];
const OPERATION_NAME_MAX_LENGTH = 7;
/** Room for the name and the line end beside arguments of the greatest length. */
const LINE_MAX_BYTES = CONTROL_LINE_MAX_BYTES + OPERATION_NAME_MAX_LENGTH + 3;

interface PendingPublish {
  subject: string;
  reply: string;
  sizeBytes: number;
}

/**
 * Parses what a NATS client sends, in whatever pieces it arrives, without copying what arrives whole.
 *
 * Between two chunks it is in one of three states: at the start of a line (nothing kept), inside a line (`lineStart`
 * holds at most one control line), inside a payload (`body` holds at most one payload). After a violation it is
 * closed and ignores all further input.
 */
export class Parser {
  private lineStart: Buffer | undefined;
  private publish: PendingPublish | undefined;
  private body: Buffer | undefined;
  private bodyFilled = 0;
  private closed = false;

  constructor(
    private readonly sink: ParserSink,
    private readonly payloadMaxBytes = PAYLOAD_MAX_BYTES,
  ) {}

  /** Bytes kept until the rest of their frame arrives. Bounded by one control line or one payload. */
  get keptBytes(): number {
    return (this.lineStart?.length ?? 0) + (this.body?.length ?? 0);
  }

  /** No further input is looked at, also not the rest of the current chunk. */
  close(): void {
    this.closed = true;
    this.lineStart = undefined;
    this.body = undefined;
  }

  push(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length && !this.closed) {
      position =
        this.publish === undefined ? this.readLine(chunk, position) : this.readPayload(chunk, position);
    }
  }

  private readLine(chunk: Buffer, start: number): number {
    const end = chunk.indexOf(LINE_FEED, start);
    if (end < 0) {
      this.keepLineStart(chunk.subarray(start));
      return chunk.length;
    }
    if (this.lineStart === undefined) {
      this.parseLine(chunk, start, end);
    } else {
      const line = Buffer.concat([this.lineStart, chunk.subarray(start, end)]);
      this.lineStart = undefined;
      this.parseLine(line, 0, line.length);
    }
    return end + 1;
  }

  private keepLineStart(rest: Buffer): void {
    const line = this.lineStart === undefined ? Buffer.from(rest) : Buffer.concat([this.lineStart, rest]);
    // Garbage gets its answer at once, and not when it happens to contain a line end.
    if (!startsLikeOperation(line)) return this.fail(UNKNOWN_OPERATION);
    if (line.length > LINE_MAX_BYTES) return this.fail(CONTROL_LINE_EXCEEDED);
    this.lineStart = line;
  }

  private parseLine(line: Buffer, start: number, lineEnd: number): void {
    const end = lineEnd > start && line[lineEnd - 1] === CARRIAGE_RETURN ? lineEnd - 1 : lineEnd;
    const operation = recognize(line, start, end);
    if (operation === undefined) return this.fail(UNKNOWN_OPERATION);
    const argumentsStart = start + operation.length;
    if (end - argumentsStart - 1 > CONTROL_LINE_MAX_BYTES) return this.fail(CONTROL_LINE_EXCEEDED);
    this.dispatch(operation, line, argumentsStart, end);
  }

  private dispatch(operation: Operation, line: Buffer, start: number, end: number): void {
    switch (operation) {
      case 'pub':
        return this.onPub(splitArguments(line, start, end));
      case 'sub':
        return this.onSub(splitArguments(line, start, end));
      case 'unsub':
        return this.onUnsub(splitArguments(line, start, end));
      case 'ping':
        return this.sink.onPing();
      case 'pong':
        return this.sink.onPong();
      case 'connect':
        return this.sink.onConnect(line.toString('utf8', start, end).trim());
      case 'info':
      case '+ok':
        return; // Allowed from a client, and without meaning.
      case 'hpub': // Headers were not offered in INFO.
      case '-err':
        return this.fail(undefined);
    }
  }

  private onPub(words: string[]): void {
    const [subject, second, third] = words;
    const size = parseSize(words.length === 2 ? second : third);
    if (subject === undefined || words.length > 3 || size < 0) return this.fail(undefined);
    if (size > this.payloadMaxBytes) return this.fail(PAYLOAD_VIOLATION);
    const reply = words.length === 3 ? (second ?? '') : '';
    this.publish = { subject, reply, sizeBytes: size };
  }

  private onSub(words: string[]): void {
    const [subject, second, third] = words;
    if (subject === undefined || second === undefined || words.length > 3) return this.fail(undefined);
    if (third === undefined) this.sink.onSubscribe(subject, '', second);
    else this.sink.onSubscribe(subject, second, third);
  }

  private onUnsub(words: string[]): void {
    const [sid, max] = words;
    if (sid === undefined || words.length > 2) return this.fail(undefined);
    this.sink.onUnsubscribe(sid, max === undefined ? 0 : Math.max(0, parseSize(max)));
  }

  private readPayload(chunk: Buffer, start: number): number {
    const { sizeBytes } = this.publish as PendingPublish;
    const frameBytes = sizeBytes + 2;
    if (this.body === undefined && chunk.length - start >= frameBytes) {
      this.finishPublish(chunk, start);
      return start + frameBytes;
    }
    this.body ??= Buffer.allocUnsafe(frameBytes);
    const copied = chunk.copy(this.body, this.bodyFilled, start);
    this.bodyFilled += copied;
    if (this.bodyFilled === frameBytes) {
      const body = this.body;
      this.body = undefined;
      this.bodyFilled = 0;
      this.finishPublish(body, 0);
    }
    return start + copied;
  }

  private finishPublish(frame: Buffer, start: number): void {
    const { subject, reply, sizeBytes } = this.publish as PendingPublish;
    const end = start + sizeBytes;
    this.publish = undefined;
    if (frame[end] !== CARRIAGE_RETURN || frame[end + 1] !== LINE_FEED) return this.fail(UNKNOWN_OPERATION);
    this.sink.onPublish(subject, reply, frame.subarray(start, end));
  }

  private fail(errorText: string | undefined): void {
    this.close();
    this.sink.onViolation(errorText);
  }
}

function recognize(line: Buffer, start: number, end: number): Operation | undefined {
  // PUB is nearly all there is: no text is made for it.
  if (isPub(line, start) && isBlank(line[start + 3]) && start + 3 < end) return 'pub';
  const head = line.toString('latin1', start, Math.min(end, start + OPERATION_NAME_MAX_LENGTH)).toLowerCase();
  const found = OPERATIONS.find(([name]) => head.startsWith(name));
  if (found === undefined) return undefined;
  const [name, needsBlank] = found;
  return !needsBlank || (start + name.length < end && isBlank(line[start + name.length])) ? name : undefined;
}

function isPub(line: Buffer, start: number): boolean {
  return isLetter(line[start], 0x70) && isLetter(line[start + 1], 0x75) && isLetter(line[start + 2], 0x62);
}

function isLetter(byte: number | undefined, lowerCase: number): boolean {
  return byte !== undefined && (byte | LOWER_CASE_BIT) === lowerCase;
}

function isBlank(byte: number | undefined): boolean {
  return byte === BLANK || byte === TAB;
}

/** Whether the beginning of a line may become one with an operation. */
function startsLikeOperation(line: Buffer): boolean {
  const head = line.toString('latin1', 0, OPERATION_NAME_MAX_LENGTH).toLowerCase();
  return OPERATIONS.some(([name, needsBlank]) => {
    if (head.length <= name.length) return name.startsWith(head);
    return head.startsWith(name) && (!needsBlank || isBlank(line[name.length]));
  });
}

/** Subjects are kept as latin1 text: any bytes survive, and equal bytes are equal keys. */
function splitArguments(line: Buffer, start: number, end: number): string[] {
  const words: string[] = [];
  let wordStart = -1;
  for (let position = start; position <= end; position++) {
    const byte = line[position];
    if (position === end || isBlank(byte)) {
      if (wordStart >= 0) words.push(line.toString('latin1', wordStart, position));
      wordStart = -1;
    } else if (wordStart < 0) {
      wordStart = position;
    }
  }
  return words;
}

function parseSize(word: string | undefined): number {
  return word !== undefined && /^[0-9]{1,15}$/.test(word) ? Number(word) : -1;
}
