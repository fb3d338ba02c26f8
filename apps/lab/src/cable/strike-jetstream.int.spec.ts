import { jetstream, jetstreamManager, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Broker } from '../parts/broker.js';
import { until, within } from '../parts/deadline.js';
import { natsServerBinary, startNatsServer } from '../parts/nats-server.part.js';
import { Cable, layCable } from './cable.js';
import { deliveryAckConfirmationOf, deliveryAckOf, deliveryOf, publishAckOf, publishOf } from './patterns.js';
import type { Strike } from './strike.js';

jest.setTimeout(60_000);
const WITHIN_MS = 10_000;
const CHANNEL = 'bank.coin.tossed';
const STREAM = 'bank_coin_tossed';
const ACK_TIMEOUT_MS = 500;
const ACK_WAIT_NS = 1_000_000_000;

// Where there is no nats-server there is nothing to look at; CI has it, and runs the crash matrix on it.
(natsServerBinary() === undefined ? describe.skip : describe)('a cable to JetStream', () => {
  let broker: Broker;
  let cable: Cable;
  let client: NatsConnection;
  let pull: ConsumerMessages | undefined;

  beforeAll(async () => {
    broker = await startNatsServer();
  });
  afterAll(() => broker.stop());

  beforeEach(async () => {
    cable = await layCable(broker, { protocol: 'nats' });
    client = await connect({ servers: `127.0.0.1:${cable.port}`, reconnectTimeWait: 50 });
    const manager = await jetstreamManager(client);
    await manager.streams.add({ name: STREAM, subjects: [CHANNEL] });
    await manager.consumers.add(STREAM, {
      durable_name: 'accounts',
      ack_policy: 'explicit',
      ack_wait: ACK_WAIT_NS,
    });
  });

  afterEach(async () => {
    await pull?.close();
    pull = undefined;
    await cable.set('mended');
    await (await jetstreamManager(client)).streams.delete(STREAM);
    await client.close();
    await cable.close();
  });

  const publish = (text = 'heads') =>
    jetstream(client).publish(CHANNEL, text, { timeout: ACK_TIMEOUT_MS, msgID: text, retries: 1 });

  async function stored(): Promise<number> {
    return (await (await jetstreamManager(client)).streams.info(STREAM)).state.messages;
  }

  async function subscribe(): Promise<JsMsg[]> {
    const consumer = await jetstream(client).consumers.get(STREAM, 'accounts');
    pull = await consumer.fetch({ max_messages: 10, expires: 20_000 });
    const received: JsMsg[] = [];
    void (async (messages) => {
      for await (const message of messages) received.push(message);
    })(pull);
    return received;
  }

  const isFired = (strike: Strike) => within('the strike', WITHIN_MS, strike.fired);
  const resumed = () =>
    until('the client to resume', WITHIN_MS, () =>
      cable.carried > 1 && cable.connections === 1 ? true : undefined,
    );

  it('sees each message that it can be struck at, named with its prefix or without', async () => {
    const strikes = [publishOf, publishAckOf, deliveryOf, deliveryAckOf, deliveryAckConfirmationOf].map(
      (patternOf, index) =>
        cable.strike({ at: patternOf(index % 2 === 0 ? CHANNEL : 'coin.tossed'), action: 'pass' }),
    );
    const everything = { protocol: 'nats', name: 'everything', matches: () => true } as const;
    const tap = cable.strike({ at: everything, occurrence: 'every', action: 'pass' });
    const received = await subscribe();
    await publish();
    expect(await (await until('the delivery', WITHIN_MS, () => received[0])).ackAck()).toBe(true);
    expect(tap.seen).toBe(strikes.length); // and not what a client asks of the server itself
    const channel = CHANNEL;
    expect(await Promise.all(strikes.map(isFired))).toEqual([
      { protocol: 'nats', kind: 'publish', channel, text: 'heads' },
      { protocol: 'nats', kind: 'publish-ack', channel },
      { protocol: 'nats', kind: 'delivery', channel, sequence: 1, redelivered: false, text: 'heads' },
      { protocol: 'nats', kind: 'delivery-ack', channel, sequence: 1 },
      { protocol: 'nats', kind: 'delivery-ack-confirmed', channel, sequence: 1 },
    ]);
    expect(strikes.map(({ seen }) => seen)).toEqual([1, 1, 1, 1, 1]);
  });

  it('cut before a publish leaves the stream without it, and cuts the client', async () => {
    const strike = cable.strike({ at: publishOf(CHANNEL), action: 'cut-before' });
    await expect(publish()).rejects.toThrow();
    await isFired(strike);
    await resumed();
    expect(await stored()).toBe(0);
  });

  it('cut after a publish leaves the stream with it', async () => {
    const strike = cable.strike({ at: publishOf(CHANNEL), action: 'cut-after' });
    await expect(publish()).rejects.toThrow();
    await isFired(strike);
    await resumed();
    expect(await stored()).toBe(1);
    expect(await publish()).toMatchObject({ duplicate: true });
  });

  it('loses the acknowledgement of a publish', async () => {
    const strike = cable.strike({ at: publishAckOf(CHANNEL), action: 'drop' });
    await expect(publish()).rejects.toThrow(/timeout/);
    await isFired(strike);
    expect([await stored(), cable.carried]).toEqual([1, 1]);
  });

  it('loses the acknowledgement of a delivery, which comes again', async () => {
    const strike = cable.strike({ at: deliveryAckOf(CHANNEL), action: 'drop' });
    const received = await subscribe();
    await publish();
    const first = await until('the delivery', WITHIN_MS, () => received[0]);
    await expect(first.ackAck({ timeout: ACK_TIMEOUT_MS })).rejects.toThrow(/timeout/);
    await isFired(strike);
    const again = await until('the repeat', WITHIN_MS, () => received[1]);
    expect([again.seq, again.redelivered, await again.ackAck()]).toEqual([1, true, true]);
  });

  it('tells a refusal from an acknowledgement', async () => {
    const strike = cable.strike({ at: publishAckOf(CHANNEL), action: 'pass' });
    const refused = jetstream(client).publish(CHANNEL, 'heads', { expect: { streamName: 'another' } });
    await expect(refused).rejects.toThrow();
    expect(strike.seen).toBe(0);
    await publish();
    await isFired(strike);
  });

  it('takes what is given back for no acknowledgement', async () => {
    const strike = cable.strike({ at: deliveryAckOf(CHANNEL), action: 'pass' });
    const received = await subscribe();
    await publish();
    (await until('the delivery', WITHIN_MS, () => received[0])).nak();
    const again = await until('the repeat', WITHIN_MS, () => received[1]);
    expect(strike.seen).toBe(0);
    await again.ackAck();
    await isFired(strike);
  });
});
