import { randomUUID } from 'node:crypto';
import type { Message, Stan } from 'node-nats-streaming';
import { within } from '../parts/deadline.js';
import { closeClient, openClient, type BrokerAddress } from '../parts/streaming-client.js';

/** A server answers a subscriber in a few ms with what it has. */
const EMPTY_AFTER_MS = 1_000;

/**
 * Reads a channel from its first message to its last with a fresh subscriber of its own, through the unmodified
 * client: neither service is asked.
 *
 * Complete by proof, not by waiting: a second subscription, which starts at the last message that the server has, tells
 * the number of the last, and the first subscription must bring every number up to it.
 * @param withinMs how long connecting, and then reading, may take at most
 * @returns the messages' data by their sequence numbers, which run from 1 without a gap
 * @throws DeadlineError when the channel is empty, or does not yield all its messages in time
 */
export async function readChannel(
  broker: BrokerAddress,
  channel: string,
  withinMs: number,
): Promise<ReadonlyMap<number, string>> {
  return read(broker, channel, { withinMs });
}

/**
 * The same of a channel on which perhaps nothing was ever published: the server then gives nothing, however long one
 * waits.
 * @returns empty when nothing has come within a second
 */
export async function readChannelIfAny(
  broker: BrokerAddress,
  channel: string,
  withinMs: number,
): Promise<ReadonlyMap<number, string>> {
  return read(broker, channel, { withinMs, emptyAfterMs: EMPTY_AFTER_MS });
}

interface Patience {
  readonly withinMs: number;
  /** Default: a channel must have something. */
  readonly emptyAfterMs?: number;
}

async function read(
  broker: BrokerAddress,
  channel: string,
  { withinMs, emptyAfterMs }: Patience,
): Promise<ReadonlyMap<number, string>> {
  const client = await openClient(broker, `witness-${randomUUID()}`, withinMs);
  try {
    return await within(`all messages of ${channel}`, withinMs, collect(client, channel, emptyAfterMs));
  } finally {
    await closeClient(client);
  }
}

/** The transfers that a channel's messages are about. */
export function transfersIn(messages: ReadonlyMap<number, string>): ReadonlySet<string> {
  const idOf = (text: string) => (JSON.parse(text) as { data: { transferId: string } }).data.transferId;
  return new Set([...messages.values()].map(idOf));
}

/** Resolves when every number from 1 to the last has come; or none, where that may be. */
async function collect(
  client: Stan,
  channel: string,
  emptyAfterMs: number | undefined,
): Promise<Map<number, string>> {
  const messages = new Map<number, string>();
  let last = Infinity;
  return new Promise((resolve) => {
    const giveUp = () => resolve(messages);
    const empty = emptyAfterMs === undefined ? undefined : setTimeout(giveUp, emptyAfterMs).unref();
    const take = (message: Message) => {
      clearTimeout(empty);
      messages.set(message.getSequence(), String(message.getData()));
      if (messages.size >= last) resolve(messages);
    };
    const lastOnly = client.subscriptionOptions().setStartWithLastReceived();
    client.subscribe(channel, lastOnly).once('message', (message: Message) => {
      last = message.getSequence();
      take(message);
    });
    client.subscribe(channel, client.subscriptionOptions().setDeliverAllAvailable()).on('message', take);
  });
}
