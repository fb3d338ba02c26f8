/** What a cable of the protocol `nats` knows of a message, of NATS Streaming and of JetStream alike. */
export interface NatsMessage {
  readonly protocol: 'nats';
  /**
   * - `publish`: an event leaves.
   * - `publish-ack`: the broker's answer to it, its refusal included.
   * - `delivery`: an event comes in.
   * - `delivery-ack`: the consumer's word that it is done leaves.
   * - `delivery-nak`: the consumer gives it back (JetStream).
   * - `delivery-ack-confirmed`: the broker's answer to `delivery-ack` (JetStream).
   */
  readonly kind:
    'publish' | 'publish-ack' | 'delivery' | 'delivery-ack' | 'delivery-nak' | 'delivery-ack-confirmed';
  /** With its prefix. */
  readonly channel: string;
  /** Of a delivery, and of what answers it. */
  readonly sequence?: number;
  /** Of a delivery. */
  readonly redelivered?: boolean;
  /** The event, of a publish and of a delivery. */
  readonly text?: string;
  /** Why the broker did not take it, of a `publish-ack`. */
  readonly refusal?: string;
}

/** What a cable of the protocol `postgres` knows: an exchange is what the client sends up to where it waits. */
export interface PostgresMessage {
  readonly protocol: 'postgres';
  /**
   * - `request`: a simple query, or everything of the extended protocol up to Sync or Flush.
   * - `answer`: the end of what the server says to it, from its first CommandComplete or error on, with ReadyForQuery.
   */
  readonly kind: 'request' | 'answer';
  /** What is executed, the text of prepared statements in the place of their names. */
  readonly statements: readonly string[];
  /** What the transaction carried that is open at the request, which `begin` opened, these statements included. */
  readonly transaction: readonly string[];
  /** Whether the request is the `commit` of that transaction. */
  readonly commits: boolean;
  /** SQLSTATE, of an answer that is an error. */
  readonly failure?: string;
}

export type CableMessage = NatsMessage | PostgresMessage;

/** The protocols that a cable can understand. */
export type Protocol = CableMessage['protocol'];

/** Says which messages are meant. */
export interface Pattern {
  readonly protocol: Protocol;
  /** For the reader of a report, such as `the publish of transfer.requested`. */
  readonly name: string;
  matches(message: CableMessage): boolean;
}
