/** A witness: reads the broker's channel from its first message on. */
import { once } from 'node:events';
import { CHANNEL } from './events.mjs';
import { connectRaw } from './raw-client.mjs';

const IN_FLIGHT_MAX = 4_096;

/** What is not there after so long a silence is missing. */
const SILENCE_MS = 10_000;

/**
 * Reads until every expected message was seen.
 *
 * @returns how many came again, how many came before an earlier one of their key, and how many never came
 */
export async function witness(broker, expected) {
  const client = await connectRaw(broker);
  const options = client.subscriptionOptions().setDeliverAllAvailable().setMaxInFlight(IN_FLIGHT_MAX);
  const subscription = client.subscribe(CHANNEL, options);
  const lastOf = new Map();
  let firsts = 0;
  let repeats = 0;
  let outOfOrder = 0;
  await new Promise((resolve) => {
    const silence = setTimeout(resolve, SILENCE_MS);
    subscription.on('message', (message) => {
      silence.refresh();
      const { partitionkey, sequence } = JSON.parse(message.getData());
      const last = lastOf.get(partitionkey) ?? 0;
      const number = Number(sequence);
      if (number <= last) {
        repeats++;
        return;
      }
      if (number !== last + 1) outOfOrder++;
      lastOf.set(partitionkey, number);
      if (++firsts < expected) return;
      clearTimeout(silence);
      resolve();
    });
  });
  client.close();
  await once(client, 'close');
  return { repeats, outOfOrder, missing: expected - firsts };
}
