/** The limit: the unmodified client publishes payloads that are ready, with acknowledgements and no database. */
import { config, serve } from '../children.mjs';
import { CHANNEL, payloads, WARM_UP_CHANNEL, WARM_UP_MESSAGES } from '../events.mjs';
import { connectRaw, publishRaw } from '../raw-client.mjs';

const { broker } = config();
const client = await connectRaw(broker);

serve({
  publish: async ({ inFlight, messages, keys }) => {
    await pump(payloads(WARM_UP_MESSAGES, keys), WARM_UP_CHANNEL, inFlight);
    const ready = payloads(messages, keys);
    const startedMs = performance.now();
    await pump(ready, CHANNEL, inFlight);
    return (messages * 1_000) / (performance.now() - startedMs);
  },
});

async function pump(all, channel, inFlight) {
  let next = 0;
  const one = async () => {
    while (next < all.length) await publishRaw(client, channel, all[next++]);
  };
  await Promise.all(Array.from({ length: inFlight }, one));
}
