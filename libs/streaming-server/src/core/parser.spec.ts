import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { runSeed } from '../../test/support/seeded-random.js';
import { CONTROL_LINE_MAX_BYTES, PAYLOAD_MAX_BYTES } from '../limits.js';
import { Parser, type ParserSink } from './parser.js';

/** Cases of one run; the full run takes 100,000. */
const CASES = Number(process.env.TEST_FUZZ_CASES ?? 2_000);
const PAYLOAD_MAX = 64;

/** Notes what the parser says, as text to compare. */
class Notes implements ParserSink {
  readonly lines: string[] = [];

  onConnect(json: string): void {
    this.lines.push(`connect ${json}`);
  }
  onPing(): void {
    this.lines.push('ping');
  }
  onPong(): void {
    this.lines.push('pong');
  }
  onSubscribe(subject: string, queue: string, sid: string): void {
    this.lines.push(`sub ${subject}|${queue}|${sid}`);
  }
  onUnsubscribe(sid: string, max: number): void {
    this.lines.push(`unsub ${sid}|${max}`);
  }
  onPublish(subject: string, reply: string, payload: Buffer): void {
    this.lines.push(`pub ${subject}|${reply}|${payload.toString('latin1')}`);
  }
  onViolation(errorText: string | undefined): void {
    this.lines.push(`violation ${errorText}`);
  }
}

function parse(pieces: readonly Buffer[]): string[] {
  const notes = new Notes();
  const parser = new Parser(notes, PAYLOAD_MAX);
  for (const piece of pieces) {
    parser.push(piece);
    // What is kept between two pieces is bounded, whatever came.
    expect(parser.keptBytes).toBeLessThanOrEqual(CONTROL_LINE_MAX_BYTES + PAYLOAD_MAX + 16);
  }
  return notes.lines;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const word = fc.stringMatching(/^[!-~]{1,12}$/);
const payload = fc.uint8Array({ maxLength: PAYLOAD_MAX });
const frame = fc.oneof(
  fc
    .tuple(word, word, payload)
    .map(([subject, reply, bytes]) =>
      Buffer.concat([Buffer.from(`PUB ${subject} ${reply} ${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]),
    ),
  fc
    .tuple(word, payload)
    .map(([subject, bytes]) =>
      Buffer.concat([Buffer.from(`pub\t${subject}  ${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]),
    ),
  fc.tuple(word, word).map(([subject, sid]) => Buffer.from(`SUB ${subject} ${sid}\r\n`)),
  fc.tuple(word, fc.nat(99)).map(([sid, max]) => Buffer.from(`UNSUB ${sid} ${max}\r\n`)),
  fc
    .constantFrom('PING\r\n', 'PONG\n', 'CONNECT {}\r\n', '+OK\r\n', 'INFO {}\r\n')
    .map((line) => Buffer.from(line)),
);
const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(
      'PUB a 70\r\n',
      'PUB a\r\n',
      'SUB\r\n',
      'SUB a',
      '\r\n',
      'MSG a 1 0\r\n\r\n',
      'PUB a 2\r\nabc',
    )
    .map((t) => Buffer.from(t)),
  fc.nat(9000).map((length) => Buffer.from(`SUB ${'a'.repeat(length)}`)),
);

describe('the parser', () => {
  const seed = runSeed();
  const run = <T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>): void =>
    fc.assert(property, { seed, numRuns: CASES / 2 });

  it('understands frames the same, however they are cut', () => {
    run(
      fc.property(
        fc.array(frame, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (frames, places) => {
          const bytes = Buffer.concat(frames);
          const whole = parse([bytes]);
          expect(whole.some((line) => line.startsWith('violation'))).toBe(false);
          expect(parse(cut(bytes, places))).toEqual(whole);
        },
      ),
    );
  });

  it('survives garbage: at most one violation, nothing after it, nothing kept beyond a line and a payload', () => {
    run(
      fc.property(
        fc.array(fc.oneof(frame, garbage), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (parts, places) => {
          const lines = parse(cut(Buffer.concat(parts), places));
          const violation = lines.findIndex((line) => line.startsWith('violation'));
          if (violation >= 0) expect(violation).toBe(lines.length - 1);
        },
      ),
    );
  });

  it('passes on a payload that came whole without copying it', () => {
    const bytes = Buffer.from('PUB a 3\r\nxyz\r\n');
    let passed: Buffer | undefined;
    const sink = Object.assign(new Notes(), {
      onPublish: (_subject: string, _reply: string, view: Buffer) => (passed = view),
    });
    new Parser(sink, PAYLOAD_MAX_BYTES).push(bytes);
    expect(passed?.buffer).toBe(bytes.buffer);
    expect(passed?.toString()).toBe('xyz');
  });
});
