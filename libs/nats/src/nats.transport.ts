import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { EventRegistry } from './event-registry.js';
import type { BusMessage, BusSubscription, MessageBus } from './message-bus.js';
import { NatsContext } from './nats.context.js';
import { UnreachableHandlerError } from './nats.errors.js';
import { toError } from './streaming-client.js';

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
 * acknowledged when its promise resolves, and comes again when it rejects or when the event is not valid.
 */
export class NatsTransport extends Server implements CustomTransportStrategy {
  private subscriptions: BusSubscription[] = [];

  constructor(
    private readonly bus: MessageBus,
    private readonly events: EventRegistry,
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
    const event = this.events.decode(pattern, message.data);
    // Nest registers one proxy for each pattern, which calls every handler of it.
    const handler = this.getHandlerByPattern(pattern);
    const result: unknown = await handler?.(event, new NatsContext([message]));
    try {
      // A failing handler does not reject: Nest logs the error and hands over an Observable that errors with
      // a text for the caller, of which an event has none.
      await lastValueFrom(this.transformToObservable(result), { defaultValue: undefined });
    } catch (error) {
      throw toError(error);
    }
  }
}
