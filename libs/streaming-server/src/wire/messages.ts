import { WireReader } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/** The messages of the streaming protocol, with their field numbers. Names follow the protocol's own. */

export interface ConnectRequest {
  clientId: string;
  heartbeatInbox: string;
  protocol: number;
  connectionId: string;
  pingIntervalSeconds: number;
  pingsOutMax: number;
}

export interface PublishRequest {
  clientId: string;
  guid: Buffer;
  subject: string;
  reply: string;
  data: Buffer;
  connectionId: string;
}

export interface SubscriptionRequest {
  clientId: string;
  subject: string;
  queue: string;
  inbox: string;
  maxInFlight: number;
  ackWaitSeconds: number;
  durableName: string;
  startPosition: number;
  startSequence: number;
  startTimeDeltaNs: number;
}

export interface UnsubscribeRequest {
  clientId: string;
  subject: string;
  inbox: string;
}

export interface Ack {
  subject: string;
  sequence: number;
}

export const StartPosition = { newOnly: 0, lastReceived: 1, timeDelta: 2, sequence: 3, first: 4 } as const;

const EMPTY = Buffer.alloc(0);

type FieldReaders<T> = Readonly<Record<number, (message: T, reader: WireReader) => void>>;

/** Fills the fields that `readers` knows and skips the others. Undefined if the bytes are no such message. */
function decode<T>(bytes: Buffer, message: T, readers: FieldReaders<T>): T | undefined {
  const reader = new WireReader(bytes);
  try {
    while (reader.next()) {
      const read = readers[reader.field];
      if (read === undefined) reader.skip();
      else read(message, reader);
    }
    return message;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const connectFields: FieldReaders<ConnectRequest> = {
  1: (message, reader) => (message.clientId = reader.string()),
  2: (message, reader) => (message.heartbeatInbox = reader.string()),
  3: (message, reader) => (message.protocol = reader.int32()),
  4: (message, reader) => (message.connectionId = reader.string()),
  5: (message, reader) => (message.pingIntervalSeconds = reader.int32()),
  6: (message, reader) => (message.pingsOutMax = reader.int32()),
};

export function decodeConnectRequest(bytes: Buffer): ConnectRequest | undefined {
  const empty = {
    clientId: '',
    heartbeatInbox: '',
    protocol: 0,
    connectionId: '',
    pingIntervalSeconds: 0,
    pingsOutMax: 0,
  };
  return decode(bytes, empty, connectFields);
}

const publishFields: FieldReaders<PublishRequest> = {
  1: (message, reader) => (message.clientId = reader.string()),
  2: (message, reader) => (message.guid = reader.view()),
  3: (message, reader) => (message.subject = reader.string()),
  4: (message, reader) => (message.reply = reader.string()),
  5: (message, reader) => (message.data = reader.view()),
  6: (message, reader) => (message.connectionId = reader.string()),
};

/** `guid` and `data` are views on `bytes`. */
export function decodePublishRequest(bytes: Buffer): PublishRequest | undefined {
  const empty = { clientId: '', guid: EMPTY, subject: '', reply: '', data: EMPTY, connectionId: '' };
  return decode(bytes, empty, publishFields);
}

const subscriptionFields: FieldReaders<SubscriptionRequest> = {
  1: (message, reader) => (message.clientId = reader.string()),
  2: (message, reader) => (message.subject = reader.string()),
  3: (message, reader) => (message.queue = reader.string()),
  4: (message, reader) => (message.inbox = reader.string()),
  5: (message, reader) => (message.maxInFlight = reader.int32()),
  6: (message, reader) => (message.ackWaitSeconds = reader.int32()),
  7: (message, reader) => (message.durableName = reader.string()),
  10: (message, reader) => (message.startPosition = reader.int32()),
  11: (message, reader) => (message.startSequence = reader.uint64()),
  12: (message, reader) => (message.startTimeDeltaNs = reader.int64()),
};

export function decodeSubscriptionRequest(bytes: Buffer): SubscriptionRequest | undefined {
  const empty = {
    clientId: '',
    subject: '',
    queue: '',
    inbox: '',
    maxInFlight: 0,
    ackWaitSeconds: 0,
    durableName: '',
    startPosition: StartPosition.newOnly,
    startSequence: 0,
    startTimeDeltaNs: 0,
  };
  return decode<SubscriptionRequest>(bytes, empty, subscriptionFields);
}

const unsubscribeFields: FieldReaders<UnsubscribeRequest> = {
  1: (message, reader) => (message.clientId = reader.string()),
  2: (message, reader) => (message.subject = reader.string()),
  3: (message, reader) => (message.inbox = reader.string()),
};

export function decodeUnsubscribeRequest(bytes: Buffer): UnsubscribeRequest | undefined {
  return decode(bytes, { clientId: '', subject: '', inbox: '' }, unsubscribeFields);
}

const ackFields: FieldReaders<Ack> = {
  1: (message, reader) => (message.subject = reader.string()),
  2: (message, reader) => (message.sequence = reader.uint64()),
};

export function decodeAck(bytes: Buffer): Ack | undefined {
  return decode(bytes, { subject: '', sequence: 0 }, ackFields);
}

const singleStringField: FieldReaders<{ value: string }> = {
  1: (message, reader) => (message.value = reader.string()),
};

/** CloseRequest{1 client id} and Ping{1 connection id} have the same form. */
export function decodeSingleString(bytes: Buffer): string | undefined {
  return decode(bytes, { value: '' }, singleStringField)?.value;
}

export interface ConnectResponse {
  publishPrefix: string;
  subscribeSubject: string;
  unsubscribeSubject: string;
  closeSubject: string;
  closeSubscriptionSubject: string;
  pingSubject: string;
  pingIntervalSeconds: number;
  pingsOutMax: number;
  protocol: number;
}

export function encodeConnectResponse(response: ConnectResponse): Buffer {
  return new WireWriter()
    .string(1, response.publishPrefix)
    .string(2, response.subscribeSubject)
    .string(3, response.unsubscribeSubject)
    .string(4, response.closeSubject)
    .string(6, response.closeSubscriptionSubject)
    .string(7, response.pingSubject)
    .uint(8, response.pingIntervalSeconds)
    .uint(9, response.pingsOutMax)
    .uint(10, response.protocol)
    .finish();
}

export function encodeConnectError(error: string): Buffer {
  return new WireWriter().string(5, error).finish();
}

/** `error` is `''` for success. */
export function encodePublishAck(guid: Uint8Array, error = ''): Buffer {
  return new WireWriter().view(1, guid).string(2, error).finish();
}

export function encodeSubscriptionResponse(ackInbox: string, error = ''): Buffer {
  return new WireWriter().string(2, ackInbox).string(3, error).finish();
}

/** CloseResponse and PingResponse: an error, or nothing at all. */
export function encodeErrorResponse(error = ''): Buffer {
  return new WireWriter().string(1, error).finish();
}
