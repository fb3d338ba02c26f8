import type { Frame } from '../frame.js';
import type { Conversation, Exchange } from './conversation.js';
import { PostgresReader, stringsOf, typeOf } from './postgres-reader.js';

/**
 * Authentication, ParameterStatus, BackendKeyData, ReadyForQuery, RowDescription, DataRow, CommandComplete, the four
 * completions 1 2 3 n, portal suspended, empty query, error, notice, notification, parameter description, function
 * call response, copy responses and data, protocol negotiation.
 */
const TYPES = 'RSKZTDC123nsIENAtVGHWdcv';
/** How a statement ends: complete, empty, suspended, failed. */
const ENDS = 'CIsE';
const READY = 'Z';
/** The field of an error that holds its SQLSTATE. */
const SQLSTATE = 'C';

/**
 * What PostgreSQL says to a client. From the first end of a statement up to ReadyForQuery it is one frame: nothing is
 * asked of the client between them, and whoever waits for the answer does not have it without the last byte.
 */
export class AnswerReader extends PostgresReader {
  private failure: string | undefined;

  constructor(private readonly conversation: Conversation) {
    super(TYPES);
  }

  protected override lengthOf(bytes: Buffer): number | undefined {
    const { state } = this.conversation;
    if (state === 'asks-encryption') return 1;
    return state === 'begun' ? super.lengthOf(bytes) : this.giveUp();
  }

  protected override frameOf(bytes: Buffer): Frame | undefined {
    if (this.conversation.state === 'asks-encryption') return this.encryptionAnswer(bytes);
    const type = typeOf(bytes);
    const exchange = this.conversation.answered;
    if (type === 'E' && exchange !== undefined) this.failure = errorCodeIn(bytes);
    if (type === READY) return this.ready(bytes, exchange);
    if (exchange === undefined || !(this.isGathering || ENDS.includes(type))) return { bytes };
    // A client that asked with Flush is waiting for this, and sends its Sync later.
    return exchange.isClosed ? this.gather(bytes) : this.answer(bytes, exchange);
  }

  private encryptionAnswer(bytes: Buffer): Frame {
    this.conversation.state = typeOf(bytes) === 'N' ? 'silent' : 'unreadable';
    return { bytes };
  }

  private ready(bytes: Buffer, exchange: Exchange | undefined): Frame {
    const whole = Buffer.concat([this.gathered(), bytes]);
    this.conversation.done();
    return exchange === undefined ? { bytes: whole } : this.answer(whole, exchange);
  }

  private answer(bytes: Buffer, { statements, transaction, commits }: Exchange): Frame {
    const failure = this.failure === undefined ? {} : { failure: this.failure };
    this.failure = undefined;
    return {
      bytes,
      message: { protocol: 'postgres', kind: 'answer', statements, transaction, commits, ...failure },
    };
  }
}

/** A letter and a string for each field. */
function errorCodeIn(bytes: Buffer): string | undefined {
  const fields = stringsOf(bytes, Infinity);
  return fields.find((field) => field.startsWith(SQLSTATE))?.slice(1);
}
