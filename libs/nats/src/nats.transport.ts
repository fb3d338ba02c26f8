import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { EventRegistry } from './event-registry.js';
import type { BusMessage, BusSubscription, MessageBus } from './message-bus.js';
import { NatsContext } from './nats.context.js';

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

  listen(callback: () => void): void {
    for (const [pattern, handler] of this.getHandlers()) {
      if (!handler.isEventHandler) {
        throw new Error(`@MessagePattern('${pattern}') is not supported: a channel carries events, not calls`);
      }
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
    // A failing handler does not reject: Nest hands over an Observable that errors.
    await lastValueFrom(this.transformToObservable(result), { defaultValue: undefined });
  }
}
