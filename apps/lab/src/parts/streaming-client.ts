import { connect, type Stan } from 'node-nats-streaming';
import { setTimeout as delay } from 'node:timers/promises';
import { DeadlineError } from '../lab.errors.js';
import { within } from './deadline.js';

/** A broker as a client needs to know it. */
export interface BrokerAddress {
  readonly url: string;
  readonly clusterId: string;
}

/** A client that never got through says nothing when it is closed. */
const CLOSE_MS_MAX = 2_000;

/**
 * Opens the unmodified client, always settles, and does not try again.
 * @throws the client's own error; DeadlineError when the peer accepts and stays silent
 */
export async function openClient(broker: BrokerAddress, clientId: string, withinMs: number): Promise<Stan> {
  const client = connect(broker.clusterId, clientId, {
    url: broker.url,
    connectTimeout: withinMs,
    maxReconnectAttempts: 0,
  });
  const connected = new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.on('error', (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))));
  });
  try {
    await within(`a connection to ${broker.clusterId}`, withinMs + CLOSE_MS_MAX, connected);
    return client;
  } catch (error) {
    if (error instanceof DeadlineError) client.close();
    throw error;
  }
}

/** Closes a client so that the server forgets it. */
export async function closeClient(client: Stan): Promise<void> {
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  client.close();
  const late = new AbortController();
  await Promise.race([closed, delay(CLOSE_MS_MAX, undefined, { signal: late.signal })]);
  late.abort();
}
