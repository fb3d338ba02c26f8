import type { NatsMessage } from '../message.js';
import type { SubjectMessage } from './nats-reader.js';

/**
 * Where a delivery is acknowledged: `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.…` of 9 tokens, or of
 * 11 and more with a domain and an account behind `$JS.ACK`.
 */
const ACK = '$JS.ACK.';
const SHORT_ACK_TOKENS = 9;
const DELIVERIES_TOKEN = 4;
const SEQUENCE_TOKEN = 5;
const LONG_ACK_MORE_TOKENS = 2;

/** What a consumer says of a delivery; nothing is the same as the first. */
const VERDICTS: Readonly<Record<string, NatsMessage['kind']>> = {
  '': 'delivery-ack',
  '+ACK': 'delivery-ack',
  '-NAK': 'delivery-nak',
};

type Delivered = Pick<NatsMessage, 'channel' | 'sequence'>;

/** What the clients of one cable and JetStream have said to each other. */
export class JetStreamTalk {
  /** What is acknowledged on a subject. */
  private readonly deliveries = new Map<string, Delivered>();
  /** What an answer on a subject says: asked once, answered once. */
  private readonly answers = new Map<string, (answer: SubjectMessage) => NatsMessage>();

  /** What leaves a client. */
  leaving({ subject, reply, payload }: SubjectMessage): NatsMessage | undefined {
    const text = payload.toString('utf8');
    const delivered = this.deliveries.get(subject);
    if (delivered !== undefined) return this.judged(delivered, text, reply);
    // A request to the server itself, or an answer to one: no event.
    if (reply === undefined || /^[$_]/.test(subject)) return undefined;
    this.answers.set(reply, (answer) => publishAnswered(subject, answer));
    return { protocol: 'nats', kind: 'publish', channel: subject, text };
  }

  /** What comes to a client. */
  coming(message: SubjectMessage): NatsMessage | undefined {
    const { subject, reply, payload } = message;
    const answer = this.answers.get(subject);
    if (answer !== undefined) {
      this.answers.delete(subject);
      return answer(message);
    }
    if (!reply?.startsWith(ACK)) return undefined;
    const tokens = reply.split('.');
    const more = tokens.length > SHORT_ACK_TOKENS ? LONG_ACK_MORE_TOKENS : 0;
    const delivered = { channel: subject, sequence: Number(tokens[SEQUENCE_TOKEN + more]) };
    this.deliveries.set(reply, delivered);
    const redelivered = Number(tokens[DELIVERIES_TOKEN + more]) > 1;
    return { protocol: 'nats', kind: 'delivery', ...delivered, redelivered, text: payload.toString('utf8') };
  }

  private judged(delivered: Delivered, text: string, reply: string | undefined): NatsMessage | undefined {
    const kind = VERDICTS[text.split(' ', 1)[0] ?? ''];
    if (kind === undefined) return undefined;
    if (reply !== undefined) {
      this.answers.set(reply, () => ({ protocol: 'nats', kind: 'delivery-ack-confirmed', ...delivered }));
    }
    return { protocol: 'nats', kind, ...delivered };
  }
}

/** An error is told in JSON; that nobody takes the subject, in a status without a body. */
function publishAnswered(channel: string, { payload, headers }: SubjectMessage): NatsMessage {
  const status = /^NATS\/1\.0 (\d{3}[^\r\n]*)/.exec(headers)?.[1];
  const refusal = status ?? errorIn(payload.toString('utf8'));
  return { protocol: 'nats', kind: 'publish-ack', channel, ...(refusal === undefined ? {} : { refusal }) };
}

function errorIn(json: string): string | undefined {
  try {
    const { error } = JSON.parse(json) as { error?: { description?: string } };
    return error && (error.description ?? 'an error without a description');
  } catch {
    return 'an answer that is no JSON';
  }
}
