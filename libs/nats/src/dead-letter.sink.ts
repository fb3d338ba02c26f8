import type { BusMessage } from './message-bus.js';

/** Why a message is buried, and what was last said of it. */
export interface Burial {
  /**
   * `malformed`: no handler can read it, ever. `failed`: it used up its deliveries. `expired`: it is too old, or of an
   * unknown age, for anybody to tell whether it was handled before.
   */
  readonly reason: 'malformed' | 'failed' | 'expired';
  /** How often it was delivered, this time included. */
  readonly deliveries: number;
  readonly error: Error;
}

/**
 * Where messages go that cannot be processed: a port, because only the consumer has a durable place for them.
 * Provide one under this class where `NatsModule` can see it, and the transport uses it; without one a message
 * that fails comes again without end.
 */
export abstract class DeadLetterSink {
  /**
   * Counts a delivery, durably, **before** it is handled: a message that kills its process is counted too, and
   * a broker that restarts forgets its own count. It is called for redeliveries only, so a message that
   * succeeds at once costs nothing.
   *
   * @returns how many redeliveries of this message have been counted, this one included
   * @throws when it cannot count now: the message is then not handled, and comes again
   */
  abstract countRedelivery(message: BusMessage): Promise<number>;

  /**
   * Keeps a message for a human. Resolves when it is durable: the message is acknowledged then, and gone from
   * the broker. The same message may be buried twice, when the acknowledgement is lost.
   *
   * @throws when it cannot keep it now: the message is not acknowledged, and comes again
   */
  abstract bury(message: BusMessage, burial: Burial): Promise<void>;
}
