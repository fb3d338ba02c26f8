import { StreamingServer } from '@app/streaming-server';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type Message, type Stan } from 'node-nats-streaming';
import { until, within } from '../parts/deadline.js';
import { Cable } from './cable.js';
import { deliveryAckOf, deliveryOf, publishAckOf, publishOf } from './patterns.js';

const WITHIN_MS = 10_000;
const ACK_WAIT_MS = 1_000;

describe('a cable to NATS Streaming', () => {
  let broker: StreamingServer;
  let cable: Cable;
  let client: Stan;
  let disconnects: number;

  beforeEach(async () => {
    broker = await StreamingServer.start({ clusterId: 'bank' });
    cable = await Cable.to({ host: '127.0.0.1', port: broker.port }, { protocol: 'nats' });
    client = connect('bank', 'struck', {
      url: `nats://127.0.0.1:${cable.port}`,
      ackTimeout: 400,
      reconnectTimeWait: 50,
    });
    client.on('error', () => undefined);
    disconnects = 0;
    client.on('disconnect', () => (disconnects += 1));
    await within(
      'the client',
      WITHIN_MS,
      new Promise<void>((resolve) => client.once('connect', () => resolve())),
    );
  });

  afterEach(async () => {
    const { nc } = client as Stan & { nc?: { close(): void } };
    client.close();
    nc?.close();
    await cable.close();
    await broker.stop();
  });

  const stored = (channel = 'coin.tossed') =>
    broker.streaming.channels.byName.get(channel)?.log.messageCount ?? 0;

  /** Resolves with the client's word: undefined for a success. */
  const publish = (text = 'heads', channel = 'coin.tossed') =>
    new Promise<string | undefined>((resolve) =>
      client.publish(channel, text, (error) => resolve(error ? String(error) : undefined)),
    );

  function subscribe(): Message[] {
    const options = client
      .subscriptionOptions()
      .setManualAckMode(true)
      .setDeliverAllAvailable()
      .setAckWait(ACK_WAIT_MS);
    const received: Message[] = [];
    client.subscribe('coin.tossed', options).on('message', (message: Message) => received.push(message));
    return received;
  }

  const isFired = (strike: { fired: Promise<unknown> }) => within('the strike', WITHIN_MS, strike.fired);

  it('struck by nothing passes all, and a strike sees what passes', async () => {
    const [published, acked] = [publishOf('coin.tossed'), publishAckOf('coin.tossed')].map((at) =>
      cable.strike({ at, action: 'pass' }),
    );
    const received = subscribe();
    expect(await publish()).toBeUndefined();
    await until('the delivery', WITHIN_MS, () => received[0]);
    expect(await isFired(published!)).toEqual({
      protocol: 'nats',
      kind: 'publish',
      channel: 'coin.tossed',
      text: 'heads',
    });
    expect(await isFired(acked!)).toEqual({ protocol: 'nats', kind: 'publish-ack', channel: 'coin.tossed' });
  });

  it('cut before a publish leaves the broker without it, and cuts the client', async () => {
    const strike = cable.strike({ at: publishOf('coin.tossed'), action: 'cut-before' });
    await publish('other', 'coin.lost');
    expect(strike.hasFired).toBe(false);
    expect(await publish()).toBe('Error: stan: publish ack timeout');
    await isFired(strike);
    await until('the client to resume', WITHIN_MS, () => (cable.connections === 1 ? true : undefined));
    expect([stored('coin.lost'), stored(), disconnects]).toEqual([1, 0, 1]);
    expect([await publish(), stored()]).toEqual([undefined, 1]);
  });

  it('cut after a publish leaves the broker with it, and the client without its acknowledgement', async () => {
    const strike = cable.strike({ at: publishOf('coin.tossed'), action: 'cut-after' });
    expect(await publish()).toBe('Error: stan: publish ack timeout');
    await isFired(strike);
    expect([stored(), disconnects]).toEqual([1, 1]);
  });

  it('loses an acknowledgement and nothing else', async () => {
    const strike = cable.strike({ at: publishAckOf('coin.tossed'), action: 'drop', occurrence: 2 });
    expect(await Promise.all([publish('1'), publish('2'), publish('3')])).toEqual([
      undefined,
      'Error: stan: publish ack timeout',
      undefined,
    ]);
    expect([stored(), disconnects, strike.hasFired]).toEqual([3, 0, true]);
  });

  it('loses every acknowledgement of deliveries until it is cancelled', async () => {
    const strike = cable.strike({ at: deliveryAckOf('coin.tossed'), action: 'drop', occurrence: 'every' });
    const received = subscribe();
    await publish();
    const first = await until('the delivery', WITHIN_MS, () => received[0]);
    first.ack();
    const again = await until('the repeat', WITHIN_MS, () => received[1]);
    expect([again.getSequence(), again.isRedelivered()]).toEqual([1, true]);
    expect(await isFired(strike)).toMatchObject({ kind: 'delivery-ack', sequence: 1 });
    strike.cancel();
    const { seen } = strike;
    again.ack();
    await until('the acknowledgement', WITHIN_MS, () => (strike.seen > seen ? true : undefined));
  });

  it('holds a message until the action has decided, and then loses it', async () => {
    let decide: (outcome: 'drop') => void = () => undefined;
    const decided = new Promise<'drop'>((resolve) => (decide = resolve));
    const strike = cable.strike({ at: publishOf('coin.tossed'), action: () => decided });
    const publishing = publish('lost');
    const behind = publish('behind');
    await until('the strike', WITHIN_MS, () => (strike.seen === 2 || strike.seen === 1 ? true : undefined));
    expect(stored()).toBe(0);
    decide('drop');
    expect([await publishing, await behind, stored()]).toEqual([
      'Error: stan: publish ack timeout',
      undefined,
      1,
    ]);
  });

  it('freezes at a delivery, which is the first to arrive at the mend', async () => {
    const strike = cable.strike({ at: deliveryOf('coin.tossed'), action: 'freeze' });
    const received = subscribe();
    await publish();
    expect(await isFired(strike)).toMatchObject({
      kind: 'delivery',
      sequence: 1,
      redelivered: false,
      text: 'heads',
    });
    expect(received).toEqual([]);
    await cable.set('mended');
    const message = await until('the delivery', WITHIN_MS, () => received[0]);
    expect(message.isRedelivered()).toBe(false);
  });

  it('delivers twice, and in another order', async () => {
    cable.strike({ at: deliveryOf('coin.tossed'), action: 'twice' });
    cable.strike({ at: deliveryOf('coin.tossed'), action: 'behind-next', occurrence: 2 });
    const received = subscribe();
    for (const text of ['1', '2', '3']) await publish(text);
    await until('all deliveries', WITHIN_MS, () => (received.length === 4 ? true : undefined));
    expect(received.map((message) => message.getData())).toEqual(['1', '1', '3', '2']);
  });

  it('knows the subjects of a client that resumed on another connection', async () => {
    const received = subscribe();
    await publish('1');
    await until('the delivery', WITHIN_MS, () => received[0]);
    await cable.set('reset');
    await until('the client to resume', WITHIN_MS, () =>
      cable.carried === 2 && cable.connections === 1 ? true : undefined,
    );
    const strikes = [publishOf, publishAckOf, deliveryOf, deliveryAckOf].map((patternOf) =>
      cable.strike({ at: patternOf('coin.tossed'), action: 'pass' }),
    );
    await publish('2');
    (await until('the delivery', WITHIN_MS, () => received[1])).ack();
    await Promise.all(strikes.map(isFired));
  });

  it('rejects what waits for a strike that is cancelled, and a pattern of another protocol', async () => {
    const strike = cable.strike({ at: publishOf('coin.tossed'), action: 'drop', occurrence: 2 });
    await publish();
    strike.cancel();
    await expect(strike.fired).rejects.toThrow(
      'never got to strike at the publish of coin.tossed: it saw 1 of them',
    );
    const raw = await Cable.to({ host: '127.0.0.1', port: broker.port });
    expect(() => raw.strike({ at: publishOf('coin.tossed'), action: 'drop' })).toThrow(/knows no protocol/);
    await raw.close();
  });
});
