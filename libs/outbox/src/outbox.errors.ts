import type { CloudEvent } from '@app/nats';

/** Base of every error of this library: `code` is stable, the message may change. */
export abstract class OutboxError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The transaction is committed, and whether its events ever arrive is in doubt: direct delivery failed. */
export class EventsUnconfirmedError<Result = unknown> extends OutboxError {
  readonly code = 'OUTBOX_EVENTS_UNCONFIRMED';

  constructor(
    /** What the transaction's callback returned: it is committed all the same. */
    readonly result: Result,
    readonly events: readonly CloudEvent[],
    options: ErrorOptions,
  ) {
    const ids = events.map((event) => `${event.type} ${event.id}`).join(', ');
    super(`Committed, but not published for certain: ${ids}`, options);
  }
}

/** `emit` was called after the transaction's callback had ended: the event would not be part of it. */
export class EmitOutsideTransactionError extends OutboxError {
  readonly code = 'OUTBOX_EMIT_OUTSIDE_TRANSACTION';

  constructor(type: string) {
    super(`${type} was emitted after its transaction's callback ended; await everything in the callback`);
  }
}
