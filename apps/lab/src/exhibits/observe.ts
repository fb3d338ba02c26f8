import { StartPosition, type Message, type Stan, type Subscription } from 'node-nats-streaming';
import type { Provider } from '../parts/provider.js';
import { CHANNEL } from './exhibit-stage.js';

/** What became of a raw publish: every call of its callback. */
export interface RawPublish {
  readonly calls: { readonly error: string | undefined; readonly afterMs: number }[];
  /** What `publish()` itself threw. */
  readonly thrown: string | undefined;
}

/** Publishes with the raw client and records every call of the callback. */
export function publishRaw(client: Stan, text = 'heads'): RawPublish {
  const startedAt = performance.now();
  const calls: RawPublish['calls'] = [];
  try {
    // Declared as an Error; the server's own words come as plain text.
    client.publish(CHANNEL, text, (error: Error | string | undefined) => {
      const message = error instanceof Error ? error.message : error;
      calls.push({ error: message, afterMs: Math.round(performance.now() - startedAt) });
    });
  } catch (error) {
    return { calls, thrown: error instanceof Error ? error.message : String(error) };
  }
  return { calls, thrown: undefined };
}

/** What the provider says of a publish: `acked`, or the error's outcome and its message. */
export async function publishSafely(provider: Provider, text = 'heads'): Promise<string> {
  try {
    await provider.bus.publish(CHANNEL, text);
    return 'acked';
  } catch (error) {
    const { outcome, message } = error as { outcome?: string; message: string };
    return `${outcome ?? 'no outcome'}: ${message}`;
  }
}

/** Records every event of a raw client by name, in order, with the error's text. */
export function eventsOf(client: Stan): string[] {
  const seen: string[] = [];
  for (const name of ['connect', 'disconnect', 'reconnect', 'connection_lost', 'close', 'error'] as const) {
    client.on(name, (detail: unknown) => {
      const text = detail instanceof Error ? detail.message : typeof detail === 'string' ? detail : '';
      seen.push(text === '' ? name : `${name}: ${text}`);
    });
  }
  return seen;
}

/** Subscribes through the provider; returns the texts that were handled, as they come. */
export function listen(
  provider: Provider,
  handle: (text: string) => Promise<void> = () => Promise.resolve(),
): { readonly heard: string[]; drain(): Promise<void> } {
  const heard: string[] = [];
  const subscription = provider.bus.subscribe(CHANNEL, (message) => {
    heard.push(message.data.toString());
    return handle(message.data.toString());
  });
  return { heard, drain: () => subscription.drain() };
}

/** Subscribes with the raw client, durably and from the first message on; returns the texts as they come. */
export function listenRaw(
  client: Stan,
  options: { readonly manualAcks: boolean; readonly ackWaitMs?: number },
  handle: (message: Message) => void | Promise<void> = (message) => message.ack(),
): { readonly heard: string[]; readonly subscription: Subscription } {
  const heard: string[] = [];
  const subscription = client.subscribe(
    CHANNEL,
    'exhibit',
    client
      .subscriptionOptions()
      .setStartAt(StartPosition.FIRST)
      .setDurableName('exhibit')
      .setManualAckMode(options.manualAcks)
      .setAckWait(options.ackWaitMs ?? 1_000),
  );
  subscription.on('error', () => undefined);
  subscription.on('message', (message: Message) => {
    heard.push(message.getRawData().toString());
    void handle(message);
  });
  return { heard, subscription };
}
