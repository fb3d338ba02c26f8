import { expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { publish, subscribe } from '../support/client.js';
import type { Bench } from './bench.js';

export function deliveryContract({ client, channel }: Bench): void {
  it('brings every message in order, with its bytes as they were', async () => {
    const subscriber = await client();
    const name = channel();
    const collector = await subscribe(subscriber, name);
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await publish(subscriber, name, bytes);
    await publish(subscriber, name, '');
    await publish(subscriber, name, 'grüße\r\n');
    await collector.count(3);
    expect(collector.messages[0]?.getRawData()).toEqual(Buffer.from(bytes));
    expect(collector.received.map((message) => message.data).slice(1)).toEqual(['', 'grüße\r\n']);
    expect(collector.sequences).toEqual([1, 2, 3]);
    expect(collector.messages[0]?.getSubject()).toBe(name);
    expect(Math.abs((collector.messages[0]?.getTimestamp().getTime() ?? 0) - Date.now())).toBeLessThan(5_000);
  });

  it('carries messages of nearly the largest payload', async () => {
    const subscriber = await client();
    const name = channel();
    const collector = await subscribe(subscriber, name);
    const large = 'x'.repeat(1024 * 1024 - 300);
    await publish(subscriber, name, large);
    await collector.count(1);
    expect(collector.received[0]?.data).toBe(large);
  });

  it('sends no more than maxInFlight, and the next one for each acknowledgement', async () => {
    const subscriber = await client();
    const name = channel();
    const collector = await subscribe(subscriber, name, {
      options: (o) => o.setManualAckMode(true).setMaxInFlight(2),
    });
    for (let index = 0; index < 5; index++) await publish(subscriber, name, 'x');
    await collector.count(2);
    collector.messages[0]?.ack();
    await collector.count(3);
    // A further message would have come before this answer.
    await publish(subscriber, name, 'x');
    expect(collector.sequences).toEqual([1, 2, 3]);
    collector.ackAll();
    await collector.count(5);
    collector.ackAll();
    await collector.count(6);
    expect(collector.sequences).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('brings an unacknowledged message again after each ack wait, flagged and counted', async () => {
    const subscriber = await client();
    const name = channel();
    const collector = await subscribe(subscriber, name, {
      options: (o) => o.setManualAckMode(true).setAckWait(1000).setMaxInFlight(2),
    });
    for (let index = 0; index < 3; index++) await publish(subscriber, name, 'x');
    await collector.count(6);
    collector.messages[5]?.ack();
    await collector.count(7);
    const { received } = collector;
    expect(received.map(({ sequence, redelivered, count }) => [sequence, redelivered, count])).toEqual([
      [1, false, 0],
      [2, false, 0],
      [1, true, 1],
      [2, true, 1],
      [1, true, 2],
      [2, true, 2],
      [3, false, 0],
    ]);
    for (const [again, before] of [
      [2, 0],
      [4, 2],
    ] as const) {
      const waitedMs = (received[again]?.atMs ?? 0) - (received[before]?.atMs ?? 0);
      expect(waitedMs).toBeGreaterThan(900);
      expect(waitedMs).toBeLessThan(1500);
    }
  });

  it('does not bring an acknowledged message again', async () => {
    const subscriber = await client();
    const name = channel();
    const collector = await subscribe(subscriber, name, {
      options: (o) => o.setManualAckMode(true).setAckWait(1000),
    });
    await publish(subscriber, name, 'acknowledged');
    await publish(subscriber, name, 'not');
    await collector.count(2);
    collector.messages[0]?.ack();
    await collector.count(3);
    expect(collector.sequences).toEqual([1, 2, 2]);
  });

  it('forgets a plain subscription when it is closed', async () => {
    const subscriber = await client();
    const name = channel();
    const collector = await subscribe(subscriber, name);
    await collector.close();
    await publish(subscriber, name, 'x');
    const later = await subscribe(subscriber, name, { options: (o) => o.setDeliverAllAvailable() });
    await later.count(1);
    expect(collector.received).toEqual([]);
  });

  it('takes a hundred publishes in flight and keeps their order', async () => {
    const subscriber = await client();
    const name = channel();
    const collector = await subscribe(subscriber, name);
    const expected = Array.from({ length: 100 }, (_, index) => String(index));
    await Promise.all(expected.map((data) => publish(subscriber, name, data)));
    await collector.count(100);
    expect(collector.received.map((message) => message.data)).toEqual(expected);
  });

  it('goes on after the connection was lost and came back, with the same subscriptions', async () => {
    const subscriber = await client();
    const other = await client();
    const name = channel();
    const collector = await subscribe(subscriber, name, {
      options: (o) => o.setManualAckMode(true).setAckWait(1000),
    });
    const reconnected = new Promise((resolve) => subscriber.once('reconnect', resolve));
    subscriber.nc.stream.destroy();
    await publish(other, name, 'while it was away');
    await reconnected;
    await eventually(() => collector.received.some((message) => message.sequence === 1), 'the message');
    await publish(subscriber, name, 'after');
    await eventually(() => collector.received.some((message) => message.sequence === 2), 'the next');
  });
}
