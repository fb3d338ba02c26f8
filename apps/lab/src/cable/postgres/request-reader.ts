import type { Frame } from '../frame.js';
import type { Conversation } from './conversation.js';
import { PostgresReader, stringsOf, typeOf } from './postgres-reader.js';

const LENGTH_BYTES = 4;
/** Of the first message of a connection, which has no type byte: its length and its code. */
const START_BYTES = 8;
const START_BYTES_MAX = 10_000;
const PROTOCOL_MAJOR = 3;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;

/** Query, Parse, Bind, Execute, Describe, Close, Flush, Sync, Terminate, password, function call, copy data. */
const TYPES = 'QPBEDCHSXpFdcf';
/** Of the extended protocol: one frame up to the Sync or the Flush behind them. */
const GATHERED = 'PBEDC';

/** What a client says to PostgreSQL. A request is one frame, however many messages it takes. */
export class RequestReader extends PostgresReader {
  private executed: string[] = [];

  constructor(private readonly conversation: Conversation) {
    super(TYPES);
  }

  protected override lengthOf(bytes: Buffer): number | undefined {
    const { state } = this.conversation;
    if (state === 'unreadable') return this.giveUp();
    if (state === 'begun') return super.lengthOf(bytes);
    if (bytes.length < START_BYTES) return undefined;
    const length = bytes.readInt32BE(0);
    return length < START_BYTES || length > START_BYTES_MAX || !isStart(bytes) ? this.giveUp() : length;
  }

  /** What cannot be read here has answers that nothing is known of. */
  protected override giveUp(): undefined {
    this.conversation.state = 'unreadable';
    super.giveUp();
  }

  protected override frameOf(bytes: Buffer): Frame | undefined {
    if (this.conversation.state !== 'begun') return this.start(bytes);
    const type = typeOf(bytes);
    this.note(type, bytes);
    if (GATHERED.includes(type)) return this.gather(bytes);
    const whole = this.isGathering ? Buffer.concat([this.gathered(), bytes]) : bytes;
    const isRequest = type === 'Q' || type === 'S' || type === 'H';
    return isRequest ? this.request(whole, type !== 'H') : { bytes: whole };
  }

  private start(bytes: Buffer): Frame {
    const code = bytes.readInt32BE(LENGTH_BYTES);
    const asksEncryption = code === SSL_REQUEST || code === GSS_REQUEST;
    this.conversation.state = asksEncryption ? 'asks-encryption' : 'begun';
    return { bytes };
  }

  private note(type: string, bytes: Buffer): void {
    const [first = '', second = ''] = stringsOf(bytes, 2);
    if (type === 'Q') this.executed.push(first);
    else if (type === 'P') this.conversation.parse(first, second);
    else if (type === 'B') this.conversation.bind(first, second);
    else if (type === 'E') this.executed.push(this.conversation.textOf(first));
  }

  private request(bytes: Buffer, isClosed: boolean): Frame {
    const { conversation } = this;
    const exchange = conversation.exchange(this.executed, isClosed);
    this.executed = [];
    const { statements, transaction, commits } = exchange;
    return {
      bytes,
      message: { protocol: 'postgres', kind: 'request', statements, transaction, commits },
      passed: () => conversation.sent(exchange),
    };
  }
}

function isStart(bytes: Buffer): boolean {
  const code = bytes.readInt32BE(LENGTH_BYTES);
  return code >>> 16 === PROTOCOL_MAJOR || [SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST].includes(code);
}
