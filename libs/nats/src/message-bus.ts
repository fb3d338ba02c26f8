/** The broker's word that a message is stored. */
export interface PublishAck {
  /** The broker's or its client's own id of the message; not the event's id. */
  readonly guid: string;
  /** The broker had a message of the same id already and keeps one; absent where it does not look. */
  readonly duplicate?: boolean;
  /** The broker's number of the message, where the acknowledgement tells it. */
  readonly sequence?: number;
}

/** What goes with a message besides its payload. */
export interface PublishOptions {
  /** The event's id, the same for every attempt: a broker that knows repeats by their id drops them. */
  readonly messageId?: string;
}

/** One delivery of one message. */
export interface BusMessage {
  /** The channel it was published to, without the configured prefix. */
  readonly channel: string;
  readonly data: Buffer;
  /** The broker's number of the message within its channel, from 1. */
  readonly sequence: number;
  /** True when the broker has delivered it before. */
  readonly redelivered: boolean;
}

/** Resolves when the message is processed and may be acknowledged; rejects when it must come again. */
export type BusMessageHandler = (message: BusMessage) => Promise<void>;

/** A standing subscription, which outlives the connections that serve it. */
export interface BusSubscription {
  readonly channel: string;
  /** Takes no more messages, and resolves when the running handlers have ended and are acknowledged. */
  drain(): Promise<void>;
}

/** How a driver is, for a health check. */
export interface BusHealth {
  /** The driver's own word for it; `connected` when it can publish. */
  readonly state: string;
  /** RFC 3339; absent while it is connected, and before it ever was. */
  readonly lostSince?: string;
  /** Subscriptions asked for, and those of them that the broker serves now. */
  readonly subscriptions?: number;
  readonly subscriptionsAlive?: number;
  /** From a sign of life asked for just now to the broker's answer; absent when none came in time. */
  readonly roundTripMs?: number;
}

/**
 * The port to the broker. A driver implements it; the outbox and the transport know nothing else.
 * It is an abstract class, so that Nest can inject by it.
 */
export abstract class MessageBus {
  /** Whether a publish has a chance now; false while there is no connection. */
  abstract get ready(): boolean;

  /**
   * Tells how it is; never rejects.
   *
   * @param timeoutMs how long to wait for the broker's sign of life
   */
  health(_timeoutMs: number): Promise<BusHealth> {
    return Promise.resolve({ state: this.ready ? 'connected' : 'not connected' });
  }

  /** For how long the broker drops the repeats of a message by its id, in ms; 0 where it does not look. */
  get duplicateWindowMs(): number {
    return 0;
  }

  /** Calls the listener each time the bus becomes ready, until the returned function is called. */
  abstract onReady(listener: () => void): () => void;

  /**
   * Publishes one message and resolves when the broker has stored it.
   *
   * @param payload UTF-8 text
   * @throws PublishRefusedError it certainly was not stored
   * @throws PublishUnknownError nobody can know whether it was stored
   * @throws NatsNotConnectedError there is no connection: nothing was sent
   */
  abstract publish(channel: string, payload: string, options?: PublishOptions): Promise<PublishAck>;

  /**
   * Subscribes durably, from the first stored message on, sharing the messages with every instance of
   * the same queue. It may be called before the connection stands, and holds over lost connections.
   */
  abstract subscribe(channel: string, handler: BusMessageHandler): BusSubscription;
}
