import type { NatsMessage } from '../message.js';
import type { SubjectMessage } from './nats-reader.js';
import { ProtobufFields } from './protobuf.js';

/** Whom a client asks for the names of all other subjects: `_STAN.discover.<cluster>`. */
const DISCOVER = '_STAN.discover.';

/** Field numbers of the messages, as `protocol.proto` of the NATS Streaming clients has them. */
const CONNECT_RESPONSE = { publishPrefix: 1, subscribeSubject: 2 } as const;
const SUBSCRIPTION_REQUEST = { channel: 2, inbox: 4 } as const;
const SUBSCRIPTION_RESPONSE = { ackInbox: 2 } as const;
const PUBLISH = { guid: 2, channel: 3, data: 5 } as const;
const PUBLISH_ACK = { guid: 1, error: 2 } as const;
const DELIVERY = { sequence: 1, data: 4, redelivered: 6 } as const;
const DELIVERY_ACK = { sequence: 2 } as const;

/**
 * What the clients of one cable and NATS Streaming have agreed on: which subject is what. It outlives their TCP
 * connections, as a client that resumes on another one keeps its subjects and asks for none again.
 */
export class StreamingTalk {
  private readonly publishPrefixes = new Set<string>();
  private readonly subscribeSubjects = new Set<string>();
  /** What an answer on a subject means: asked once, answered once. */
  private readonly answers = new Map<string, (answer: ProtobufFields) => void>();
  private readonly publishAckInboxes = new Set<string>();
  /** Channels of publishes by their guid, until they are answered. */
  private readonly published = new Map<string, string>();
  /** Channels of subscriptions, by the inbox of their messages and by that of the acknowledgements. */
  private readonly deliveryInboxes = new Map<string, string>();
  private readonly deliveryAckInboxes = new Map<string, string>();

  /** What leaves a client. */
  leaving({ subject, reply, payload }: SubjectMessage): NatsMessage | undefined {
    const fields = ProtobufFields.of(payload);
    if (fields === undefined) return undefined;
    const ackedChannel = this.deliveryAckInboxes.get(subject);
    if (ackedChannel !== undefined) {
      const sequence = fields.number(DELIVERY_ACK.sequence);
      return { protocol: 'nats', kind: 'delivery-ack', channel: ackedChannel, sequence };
    }
    if (reply === undefined) return undefined;
    if (subject.startsWith(DISCOVER)) this.answers.set(reply, (answer) => this.learnSubjects(answer));
    else if (this.subscribeSubjects.has(subject)) this.subscribing(fields, reply);
    else if (this.isPublish(subject)) return this.publishing(fields, reply);
    return undefined;
  }

  /** What comes to a client. */
  coming({ subject, payload }: SubjectMessage): NatsMessage | undefined {
    const fields = ProtobufFields.of(payload);
    if (fields === undefined) return undefined;
    const answer = this.answers.get(subject);
    if (answer !== undefined) {
      this.answers.delete(subject);
      answer(fields);
      return undefined;
    }
    if (this.publishAckInboxes.has(subject)) return this.publishAnswered(fields);
    const channel = this.deliveryInboxes.get(subject);
    if (channel === undefined) return undefined;
    return {
      protocol: 'nats',
      kind: 'delivery',
      channel,
      sequence: fields.number(DELIVERY.sequence),
      redelivered: fields.number(DELIVERY.redelivered) === 1,
      text: fields.text(DELIVERY.data),
    };
  }

  /** The server's pings are on a subject of the same beginning; their answer names no subjects. */
  private learnSubjects(answer: ProtobufFields): void {
    const subscribeSubject = answer.text(CONNECT_RESPONSE.subscribeSubject);
    if (subscribeSubject === '') return;
    this.subscribeSubjects.add(subscribeSubject);
    this.publishPrefixes.add(`${answer.text(CONNECT_RESPONSE.publishPrefix)}.`);
  }

  private subscribing(request: ProtobufFields, reply: string): void {
    const channel = request.text(SUBSCRIPTION_REQUEST.channel);
    this.deliveryInboxes.set(request.text(SUBSCRIPTION_REQUEST.inbox), channel);
    this.answers.set(reply, (answer) => {
      const ackInbox = answer.text(SUBSCRIPTION_RESPONSE.ackInbox);
      if (ackInbox !== '') this.deliveryAckInboxes.set(ackInbox, channel);
    });
  }

  private isPublish(subject: string): boolean {
    return [...this.publishPrefixes].some((prefix) => subject.startsWith(prefix));
  }

  private publishing(publish: ProtobufFields, reply: string): NatsMessage {
    const channel = publish.text(PUBLISH.channel);
    this.publishAckInboxes.add(reply);
    this.published.set(publish.text(PUBLISH.guid), channel);
    return { protocol: 'nats', kind: 'publish', channel, text: publish.text(PUBLISH.data) };
  }

  private publishAnswered(answer: ProtobufFields): NatsMessage | undefined {
    const guid = answer.text(PUBLISH_ACK.guid);
    const channel = this.published.get(guid);
    if (channel === undefined) return undefined;
    this.published.delete(guid);
    const error = answer.text(PUBLISH_ACK.error);
    const refusal = error === '' ? {} : { refusal: error };
    return { protocol: 'nats', kind: 'publish-ack', channel, ...refusal };
  }
}
