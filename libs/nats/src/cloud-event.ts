/**
 * An event in the structured JSON form of CloudEvents 1.0.2, with the extensions *partitioning*, *sequence* and
 * *distributed tracing* (https://github.com/cloudevents/spec). NATS Streaming has no headers, so the envelope is
 * the payload.
 */
export interface CloudEvent<Type extends string = string, Data = unknown> {
  readonly specversion: '1.0';
  /** UUIDv7; the same for every attempt to deliver the event, so that the inbox knows a repeat. */
  readonly id: string;
  /** Who says it, as a URI reference. */
  readonly source: string;
  readonly type: Type;
  /** What it is about, within the source. */
  readonly subject?: string;
  /** When it happened, RFC 3339. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** A URN that ends in the version of the data, `major.minor`. */
  readonly dataschema: string;
  /** Events of one key are published in the order in which they were committed. */
  readonly partitionkey: string;
  /** The event's number within its key, from 1, padded so that text order is number order. */
  readonly sequence?: string;
  /** The span in which it was emitted, as W3C Trace Context writes it. */
  readonly traceparent?: string;
  readonly tracestate?: string;
  /** The id of the event that this one tells again, on an operator's word. */
  readonly replayof?: string;
  readonly data: Data;
}

/** Digits of a `sequence`: the length of the largest 64-bit number. */
const SEQUENCE_DIGITS = 19;

/** An encoded event with its number added: the number is drawn when the event is stored, after it was encoded. */
export function withSequence(encoded: string, sequence: bigint): string {
  return `${encoded.slice(0, -1)},"sequence":"${sequence.toString().padStart(SEQUENCE_DIGITS, '0')}"}`;
}
