import { activeTrace, InvalidEventError, type CloudEvent, type EventRegistry } from '@app/nats';
import type { EmittedEvent } from './emitted-event.js';
import { EmitOutsideTransactionError } from './outbox.errors.js';
import type { EventTypesOptions } from './outbox.options.js';

/** How one event is to leave. */
export interface EmitOptions {
  /** The key within which it keeps its order; default: the event's own `partitionkey`, which it replaces. */
  readonly key?: string;
  /** It leaves no earlier than this; what its key emits later waits behind it. Only delivery `outbox` can do so. */
  readonly notBefore?: Date;
}

/** The events of one attempt at a transaction. */
export class Emits {
  private readonly emitted: EmittedEvent[] = [];
  private readonly ids = new Set<string>();
  private closed = false;

  constructor(
    private readonly registry: EventRegistry,
    private readonly types: EventTypesOptions,
  ) {}

  /**
   * @throws EmitOutsideTransactionError once it is closed
   * @throws InvalidEventError for an event that no consumer could read, and for one that is here already
   */
  add(event: CloudEvent, { key = event.partitionkey, notBefore }: EmitOptions): void {
    if (this.closed) throw new EmitOutsideTransactionError(event.type);
    if (notBefore && Number.isNaN(notBefore.getTime())) {
      throw new InvalidEventError(event.type, ['notBefore: Invalid Date']);
    }
    // An event that was received and is emitted again has the number, the trace and the marks of its first way.
    const { sequence: _, traceparent: _parent, tracestate: _state, replayof: _replayed, ...own } = event;
    const verified = this.registry.verify({ ...own, partitionkey: key, ...activeTrace() });
    if (this.ids.has(verified.id)) {
      throw new InvalidEventError(event.type, [`id: ${event.id} was emitted in this transaction before`]);
    }
    this.ids.add(verified.id);
    this.emitted.push({
      event: verified,
      key,
      ordered: (this.types[event.type]?.order ?? 'key') === 'key',
      ...(notBefore && { notBefore }),
    });
  }

  /** Takes no more from now on. */
  close(): readonly EmittedEvent[] {
    this.closed = true;
    return this.emitted;
  }
}
