import type { BrokerAddress } from '../parts/streaming-client.js';
import { EVENT_TYPES, type Channels, type StoredEvent } from './books.js';
import { readTransferEvent } from './transfer-event.js';
import { readChannelIfAny } from './witness.js';

/**
 * Reads the bank's three channels at a streaming broker, for the books. What is no event of the bank is left out.
 * @param prefix what stands in front of each channel's name
 * @param withinMs how long each may take; a channel that gives nothing within a second is empty
 */
export async function readChannels(
  broker: BrokerAddress,
  prefix: string,
  withinMs: number,
): Promise<Channels> {
  const channels = await Promise.all(
    EVENT_TYPES.map(async (type) => readChannelIfAny(broker, `${prefix}${type}`, withinMs)),
  );
  return { events: channels.flatMap(storedEvents) };
}

/** The bank's events among a channel's messages, by their numbers. */
export function storedEvents(messages: ReadonlyMap<number, string>): StoredEvent[] {
  return [...messages]
    .toSorted(([one], [other]) => one - other)
    .flatMap(([number, text]) => {
      const event = readTransferEvent(text);
      return event === undefined ? [] : [{ ...event, number }];
    });
}
