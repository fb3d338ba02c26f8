import { DeadLetterError, type CloudEvent } from '@app/nats';

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

/** A schema or table prefix that cannot be used; the message says why. */
export class InvalidTableNamesError extends OutboxError {
  readonly code = 'OUTBOX_INVALID_TABLE_NAMES';
}

/**
 * The reply to COMMIT was lost: the transaction is committed whole, or not at all, and nobody here can know which.
 * Look, or repeat in a way that does no harm if it was.
 */
export class CommitUnknownError extends OutboxError {
  readonly code = 'OUTBOX_COMMIT_UNKNOWN';

  constructor(
    /** The events of the transaction: stored if it is committed and the outbox delivers them, else lost. */
    readonly events: readonly CloudEvent[],
    options: ErrorOptions,
  ) {
    super('Whether the transaction is committed is unknown: the reply to its COMMIT was lost', options);
  }
}

/** The callback left the transaction in a state in which COMMIT would keep nothing; it is rolled back. */
export class TransactionAbortedError extends OutboxError {
  readonly code = 'OUTBOX_TRANSACTION_ABORTED';

  constructor(reason: string) {
    super(`The transaction is rolled back: ${reason}`);
  }
}

/** A nested `run` cannot be part of the transaction around it, or left it half done; that one is rolled back. */
export class NestedRunError extends OutboxError {
  readonly code = 'OUTBOX_NESTED_RUN';

  constructor(reason: string, options?: ErrorOptions) {
    super(`A nested run ${reason}`, options);
  }
}

/** The transaction is rolled back because its events could not be handed over; certainly nothing is recorded. */
export class EventsUnpublishedError extends OutboxError {
  readonly code = 'OUTBOX_EVENTS_UNPUBLISHED';

  constructor(
    readonly events: readonly CloudEvent[],
    options: ErrorOptions,
  ) {
    const reason = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(`Rolled back, since its events could not be published: ${reason}`, options);
  }
}

/** The queue of `direct-retry-in-memory` takes no more. */
export class MemoryQueueFullError extends OutboxError {
  readonly code = 'OUTBOX_MEMORY_QUEUE_FULL';

  constructor(readonly eventsMax: number) {
    super(`${eventsMax} events wait in memory for the broker, and no more are taken`);
  }
}

/** The queue of `direct-retry-in-memory` has ended with the process. */
export class MemoryQueueEndedError extends OutboxError {
  readonly code = 'OUTBOX_MEMORY_QUEUE_ENDED';

  constructor() {
    super('The process is stopping, and keeps no more events in memory');
  }
}

/** An event with `notBefore` under a delivery that keeps no event back. */
export class NotBeforeUnsupportedError extends OutboxError {
  readonly code = 'OUTBOX_NOT_BEFORE_UNSUPPORTED';

  constructor(readonly event: CloudEvent) {
    super(`${event.type} ${event.id} is to leave later, and only delivery "outbox" can keep it until then`);
  }
}

/** A delivery that loses events was chosen for production. */
export class UnsafeDeliveryError extends OutboxError {
  readonly code = 'OUTBOX_UNSAFE_DELIVERY';

  constructor(
    readonly delivery: string,
    reason: string,
  ) {
    super(`EVENT_DELIVERY: ${reason}`);
  }
}

/** A message of which the inbox cannot know whether it was handled before: it goes to the dead letters at once. */
export class UnacceptableMessageIdError extends DeadLetterError {
  readonly code = 'INBOX_UNACCEPTABLE_MESSAGE_ID';
  readonly reason = 'expired';

  constructor(
    readonly event: CloudEvent,
    why: string,
    options?: ErrorOptions,
  ) {
    super(
      `The inbox takes no message with the id ${event.id} (${event.type} of ${event.source}): ${why}`,
      options,
    );
  }
}

/** The inbox has no partition for a day that it should have one for. Nothing was done; the message may come again. */
export class InboxPartitionMissingError extends OutboxError {
  readonly code = 'INBOX_PARTITION_MISSING';

  constructor(
    readonly event: CloudEvent,
    options: ErrorOptions,
  ) {
    super(
      `There is no partition of inbox_message for ${event.id} (${event.type} of ${event.source}): ` +
        'the retention makes them ahead; look whether it runs, and for its errors',
      options,
    );
  }
}

/** A list was asked for in a way that it does not know. */
export class InvalidListError extends OutboxError {
  readonly code = 'OUTBOX_INVALID_LIST';

  constructor(
    readonly field: string,
    readonly reason: string,
  ) {
    super(`${field}: ${reason}`);
  }
}

/** Some of the ids are neither those of parked messages nor of dead letters; nothing was changed. */
export class MessagesNotParkedError extends OutboxError {
  readonly code = 'OUTBOX_MESSAGES_NOT_PARKED';

  constructor(readonly ids: readonly string[]) {
    super(`Neither parked nor dead letters, so nothing was changed: ${ids.join(', ')}`);
  }
}

/** Messages that blocked their keys can't go on, since the keys are not blocked by them any more; nothing was changed. */
export class LaneGoneError extends OutboxError {
  readonly code = 'OUTBOX_LANE_GONE';

  constructor(readonly ids: readonly string[]) {
    super(
      `Their keys are not blocked by them any more, so nothing was changed; look, and drop: ${ids.join(', ')}`,
    );
  }
}

/** A dead letter whose payload is no text: the outbox can't publish it; it may be looked at, and dropped. */
export class DeadLetterNotTextError extends OutboxError {
  readonly code = 'OUTBOX_DEAD_LETTER_NOT_TEXT';

  constructor(readonly id: string) {
    super(`The payload of dead letter ${id} is no UTF-8 text, so it can't be requeued; nothing was changed`);
  }
}

/** Some of the messages that were waited for are given up. */
export class MessagesParkedError extends OutboxError {
  readonly code = 'OUTBOX_MESSAGES_PARKED';

  constructor(readonly ids: readonly string[]) {
    super(`Parked, so they are not settled until somebody requeues them: ${ids.join(', ')}`);
  }
}

/** Some of the messages that were waited for are not settled yet, or are not there. */
export class SettleTimeoutError extends OutboxError {
  readonly code = 'OUTBOX_SETTLE_TIMEOUT';

  constructor(
    readonly ids: readonly string[],
    readonly timeoutMs: number,
  ) {
    super(`Not settled after ${timeoutMs} ms: ${ids.join(', ')}`);
  }
}

/** The command line of `outbox` is wrong. */
export class BadCommandLineError extends OutboxError {
  readonly code = 'OUTBOX_BAD_COMMAND_LINE';

  constructor(
    /** Everything that is wrong with it. */
    readonly problems: readonly string[],
  ) {
    super(problems.join('\n'));
  }
}
