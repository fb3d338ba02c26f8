import type { Exhibit } from './exhibit.js';
import type { ExhibitStage } from './exhibit-stage.js';
import { eventsOf, publishRaw, publishSafely } from './observe.js';

const ACK_TIMEOUT_MS = 500;

/** Row B. */
export const lateArrival: Exhibit = {
  id: 'B',
  title: 'a failed publish arrives later, or is lost: nobody knows',
  story:
    'A publish while disconnected or frozen is buffered. After a time-out it may still arrive (the port refused, ' +
    'or the peer was frozen), or never (something accepted and closed). NATS Streaming drops no repeats.',

  async rawClient(stage) {
    await arrivesAfterRefusal(stage);
    await arrivesAtTheThaw(stage);
    await isLostToAnEmptyAcceptance(stage);
  },

  async provider(stage) {
    const provider = await stage.openProvider({ ackTimeoutMs: ACK_TIMEOUT_MS });
    await stage.setCable('refuse');
    await stage.until('the provider to notice', () => !provider.bus.ready);
    const refused = await publishSafely(provider);
    stage.find('down: refused, and nothing is buffered', refused.startsWith('refused'), refused);
    await stage.setCable('mended');
    await stage.until('the provider to be back', () => provider.bus.ready);
    stage.find('so it does not arrive later', stage.stored === 0, `${stage.stored} stored`);
    await stage.setCable('stall');
    const frozen = await publishSafely(provider);
    stage.find(
      'frozen: unknown, so the relay repeats it under the same event id',
      frozen.startsWith('unknown'),
      frozen,
    );
    await stage.setCable('mended');
    await stage.until('the frozen publish to arrive', () => stage.stored === 1);
    stage.find('it did arrive: “unknown” was the truth, “failed” would have been a lie', true, '1 stored');
  },
};

async function arrivesAfterRefusal(stage: ExhibitStage): Promise<void> {
  const client = await stage.rawClient({ ackTimeout: ACK_TIMEOUT_MS, reconnectTimeWait: 100 }, 'refused');
  const events = eventsOf(client);
  await stage.setCable('refuse');
  // What is published before the client has noticed goes down with the socket.
  await stage.until('the client to notice', () => events.includes('disconnect'));
  const publish = publishRaw(client, 'refused');
  await stage.until('the time-out', () => publish.calls.length > 0);
  const error = publish.calls[0]?.error ?? 'no error';
  stage.find('port refused: the callback times out', error === 'stan: publish ack timeout', error);
  await stage.setCable('mended');
  await stage.until('the message to arrive', () => stage.stored === 1);
  stage.find('port refused: the broker gets it anyway', stage.stored === 1, `${stage.stored} stored`);
}

async function arrivesAtTheThaw(stage: ExhibitStage): Promise<void> {
  const pings = { stanPingInterval: 1_000, stanMaxPingOut: 1, ackTimeout: 30_000 };
  const client = await stage.rawClient(pings, 'frozen');
  const events = eventsOf(client);
  await stage.setCable('stall');
  const publish = publishRaw(client, 'frozen');
  await stage.until('the client to give up', () => publish.calls.length > 0);
  const error = publish.calls[0]?.error ?? 'no error';
  stage.find('frozen: given up by the pings', error === 'stan: connection lost due to PING failure', error);
  stage.step(`the client said: ${events.join(', ')}`);
  await stage.setCable('mended');
  await stage.until('the message to arrive', () => stage.stored === 2);
  stage.find('frozen: it arrives at the thaw', stage.stored === 2, `${stage.stored} stored`);
}

async function isLostToAnEmptyAcceptance(stage: ExhibitStage): Promise<void> {
  const client = await stage.rawClient({ ackTimeout: 1_000, reconnectTimeWait: 50 }, 'emptied');
  const events = eventsOf(client);
  const carried = stage.cable.carried;
  await stage.setCable('accept-and-close');
  const publish = publishRaw(client, 'emptied');
  await stage.until('a try to reconnect', () => stage.cable.carried >= carried + 2);
  await stage.setCable('mended');
  await stage.until('the reconnect', () => events.includes('reconnect'));
  await stage.until('the time-out', () => publish.calls.length > 0);
  const error = publish.calls[0]?.error ?? 'no error';
  stage.find('accepted and closed: the callback times out', error === 'stan: publish ack timeout', error);
  stage.find(
    'accepted and closed: it is lost, though the client reconnects',
    stage.stored === 2,
    `${stage.stored} stored`,
  );
}
