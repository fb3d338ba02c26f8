import { AsyncLocalStorage } from 'node:async_hooks';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { Burial, DeadLetterSink } from './dead-letter.sink.js';
import { announce } from './diagnostics.js';
import type { CloudEvent } from './cloud-event.js';
import type { EventRegistry } from './event-registry.js';
import type { BusMessage, BusSubscription, MessageBus } from './message-bus.js';
import { NatsContext } from './nats.context.js';
import { DeadLetterError, UnreachableHandlerError } from './nats.errors.js';
import { toError } from './to-error.js';
import { runInTraceOf } from './trace-context.js';

/** What the handler of the running delivery failed with, where it was told. */
const failures = new AsyncLocalStorage<{ error?: Error }>();

/**
 * Tells the transport what a handler is failing with, so that a dead letter can say it: of an error that a handler
 * throws, Nest hands on "Internal server error". Whoever wraps a handler calls it, and throws on. Without a delivery
 * it does nothing.
 */
export function noteFailure(error: unknown): void {
  const failure = failures.getStore();
  if (failure) failure.error = toError(error);
}

/** Where the transport puts messages that fail, and after how many deliveries. */
export interface DeadLetters {
  readonly sink: DeadLetterSink;
  readonly deliveriesMax: number;
}

/**
 * Nest's way in: `@EventPattern('channel')` handlers are fed from the shared {@link MessageBus}. It comes
 * from the container, and so brings no connection of its own:
 *
 * ```ts
 * app.connectMicroservice({ useFactory: (strategy: NatsTransport) => ({ strategy }), inject: [NatsTransport] });
 * await app.init(); // first, or messages arrive before onModuleInit has run
 * await app.startAllMicroservices();
 * ```
 *
 * A handler gets the event as `@Payload()` and a {@link NatsContext} as `@Ctx()`. Its message is
 * acknowledged when its promise resolves, and comes again when it rejects. With a {@link DeadLetterSink}, a
 * message that failed `deliveriesMax` times, and at once one that is not a valid event or whose handler throws a
 * {@link DeadLetterError}, goes there, and is acknowledged when the sink has it. Without one it comes again for ever.
 */
export class NatsTransport extends Server implements CustomTransportStrategy {
  private subscriptions: BusSubscription[] = [];

  constructor(
    private readonly bus: MessageBus,
    private readonly events: EventRegistry,
    private readonly deadLetters?: DeadLetters,
  ) {
    super();
  }

  /** @throws UnreachableHandlerError before anything is subscribed, for a pattern that no event can have */
  listen(callback: () => void): void {
    const handlers = [...this.getHandlers()];
    for (const [pattern, { isEventHandler }] of handlers) {
      if (!isEventHandler) {
        throw new UnreachableHandlerError(pattern, 'a channel carries events, not calls; use @EventPattern');
      }
      if (!this.events.defines(pattern)) {
        throw new UnreachableHandlerError(pattern, 'no event of this type is defined');
      }
    }
    for (const [pattern] of handlers) {
      this.subscriptions.push(this.bus.subscribe(pattern, (message) => this.dispatch(pattern, message)));
    }
    callback();
  }

  /** Takes no more messages, and resolves when the running handlers have ended. */
  async close(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.drain()));
    this.subscriptions = [];
  }

  on(): never {
    throw new Error('NatsTransport emits nothing: listen to NatsConnection');
  }

  unwrap<T>(): T {
    return this.bus as T;
  }

  private async dispatch(pattern: string, message: BusMessage): Promise<void> {
    const deliveries = await this.deliveriesOf(message);
    // More than that, and no failure was seen: its handler ends the process each time, or never.
    if (deliveries > (this.deadLetters?.deliveriesMax ?? Infinity)) {
      return this.bury(message, 'failed', deliveries, new Error('Its handler never came to an end'));
    }
    let event: CloudEvent;
    try {
      event = this.events.decode(pattern, message.data);
    } catch (error) {
      return this.bury(message, 'malformed', deliveries, toError(error));
    }
    try {
      await runInTraceOf(event, () => this.handle(pattern, event, message));
    } catch (error) {
      if (error instanceof DeadLetterError) return this.bury(message, error.reason, deliveries, error);
      if (deliveries < (this.deadLetters?.deliveriesMax ?? Infinity)) throw error;
      await this.bury(message, 'failed', deliveries, toError(error));
    }
  }

  private async deliveriesOf(message: BusMessage): Promise<number> {
    if (!this.deadLetters || !message.redelivered) return 1;
    return 1 + (await this.deadLetters.sink.countRedelivery(message));
  }

  /** Resolves when the sink has the message; without a sink it rejects, and the message comes again. */
  private async bury(
    message: BusMessage,
    reason: Burial['reason'],
    deliveries: number,
    error: Error,
  ): Promise<void> {
    if (!this.deadLetters) throw error;
    await this.deadLetters.sink.bury(message, { reason, deliveries, error });
    announce('nats.message.buried', { message, reason, deliveries, error });
    this.logger.error(
      `Message ${message.sequence} of ${message.channel} is dead (${reason}, delivery ${deliveries}): ${error.message}`,
    );
  }

  private async handle(pattern: string, event: CloudEvent, message: BusMessage): Promise<void> {
    // Nest registers one proxy for each pattern, which calls every handler of it.
    const handler = this.getHandlerByPattern(pattern);
    const failure: { error?: Error } = {};
    try {
      await failures.run(failure, async () => {
        const result: unknown = await handler?.(event, new NatsContext([message]));
        // A failing handler does not reject: Nest logs the error and hands over an Observable that errors with
        // a text for the caller, of which an event has none.
        await lastValueFrom(this.transformToObservable(result), { defaultValue: undefined });
      });
    } catch (error) {
      throw failure.error ?? toError(error);
    }
  }
}
