/** The unmodified client, as thinly wrapped as it can be. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import stan from 'node-nats-streaming';

/** The client's own bound misfires, so it is put where nothing here reaches it. */
const IN_FLIGHT_MAX = 65_536;

export async function connectRaw({ url, clusterId }) {
  const client = stan.connect(clusterId, `raw-${randomUUID()}`, { url, maxPubAcksInflight: IN_FLIGHT_MAX });
  client.on('error', (error) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
  await once(client, 'connect');
  return client;
}

/** Resolves with the acknowledgement. */
export function publishRaw(client, channel, payload) {
  return new Promise((resolve, reject) => {
    client.publish(channel, payload, (error, guid) => (error ? reject(error) : resolve(guid)));
  });
}
