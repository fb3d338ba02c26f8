/**
 * One measurement in a process of its own: connects to a server with the unmodified Node client, does one kind of
 * work, and prints the result as one line of JSON.
 *
 *   node client.mjs <url> publish <in flight> <messages>     publish with acknowledgement
 *   node client.mjs <url> roundtrip <in flight> <messages>   publish, subscribe, acknowledge by hand
 *   node client.mjs <url> single <messages>                  one publish at a time
 */
import stan from 'node-nats-streaming';

const PAYLOAD = 'x'.repeat(128);
const [url, kind, ...numbers] = process.argv.slice(2);
const name = `bench-${process.pid}`;

/** Publishes `total` messages with at most `inFlight` unacknowledged, and calls `each` for every one that is. */
function publishAll(client, inFlight, total, each = () => undefined) {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let acknowledged = 0;
    const next = () => {
      if (sent === total) return;
      sent++;
      const startedMs = performance.now();
      client.publish(name, PAYLOAD, (error) => {
        if (error) return reject(error instanceof Error ? error : new Error(error));
        each(performance.now() - startedMs);
        acknowledged++;
        if (acknowledged === total) resolve();
        else next();
      });
    };
    for (let index = 0; index < Math.min(inFlight, total); index++) next();
  });
}

async function publishRate(client, inFlight, total) {
  const startedMs = performance.now();
  await publishAll(client, inFlight, total);
  return { perSecond: (total * 1000) / (performance.now() - startedMs) };
}

async function roundtripRate(client, inFlight, total) {
  const options = client
    .subscriptionOptions()
    .setManualAckMode(true)
    .setMaxInFlight(inFlight)
    .setDurableName('bench');
  const subscription = client.subscribe(name, options);
  await new Promise((resolve) => subscription.on('ready', resolve));
  let received = 0;
  const all = new Promise((resolve) => {
    subscription.on('message', (message) => {
      message.ack();
      if (++received === total) resolve();
    });
  });
  const startedMs = performance.now();
  await Promise.all([publishAll(client, inFlight, total), all]);
  return { perSecond: (total * 1000) / (performance.now() - startedMs) };
}

async function singleLatency(client, total) {
  const took = [];
  await publishAll(client, 1, total, (ms) => took.push(ms));
  took.sort((a, b) => a - b);
  const at = (share) => took[Math.floor(took.length * share)];
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

const client = stan.connect('test-cluster', name, { url, maxPubAcksInflight: 65_536 });
client.on('error', (error) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
client.on('connect', async () => {
  const [first, second] = numbers.map(Number);
  // The first messages run on cold code, in the client too: they don't count.
  await publishAll(client, 64, 2_000);
  const measure = { publish: publishRate, roundtrip: roundtripRate, single: singleLatency }[kind];
  const result = await measure(client, first, second);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  client.close();
});
