import type { SubscriptionOptions } from 'node-nats-streaming';
import { expect, it } from '@jest/globals';
import { close, publish, subscribe } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import type { Bench } from './bench.js';

const manual = (options: SubscriptionOptions): SubscriptionOptions =>
  options.setManualAckMode(true).setDeliverAllAvailable();
const durable = (options: SubscriptionOptions): SubscriptionOptions => manual(options).setDurableName('d');

export function queueContract({ client, channel }: Bench): void {
  it('gives each message to one member, and a share to each', async () => {
    const [one, two] = [await client(), await client()];
    const name = channel();
    const first = await subscribe(one, name, { queue: 'q', options: manual });
    const second = await subscribe(two, name, { queue: 'q', options: manual });
    for (let index = 0; index < 20; index++) await publish(one, name, 'x');
    await eventually(() => first.received.length + second.received.length >= 20, '20 messages');
    const all = [...first.sequences, ...second.sequences].sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(first.received.length).toBe(10);
  });

  it('lets members take turns when all of them acknowledge at once', async () => {
    const [one, two] = [await client(), await client()];
    const name = channel();
    const first = await subscribe(one, name, { queue: 'q' });
    const second = await subscribe(two, name, { queue: 'q' });
    for (let count = 1; count <= 20; count++) {
      await publish(one, name, 'x');
      await eventually(() => first.received.length + second.received.length === count, 'the message');
    }
    expect(Math.min(first.received.length, second.received.length)).toBeGreaterThan(5);
  });

  it('lets a new member join where the group is, whatever start it asks for', async () => {
    const member = await client();
    const name = channel();
    const first = await subscribe(member, name, { queue: 'q' });
    await publish(member, name, '1');
    await first.count(1);
    const second = await subscribe(member, name, { queue: 'q', options: (o) => o.setDeliverAllAvailable() });
    await publish(member, name, '2');
    await publish(member, name, '3');
    await eventually(() => first.received.length + second.received.length >= 3, 'all messages');
    expect(second.sequences).not.toContain(1);
  });

  it('passes what a leaving member left to the others, soon and flagged', async () => {
    const [one, two] = [await client(), await client()];
    const name = channel();
    const first = await subscribe(one, name, { queue: 'q', options: manual });
    const second = await subscribe(two, name, { queue: 'q', options: manual });
    for (let index = 0; index < 4; index++) await publish(one, name, 'x');
    await eventually(() => first.received.length + second.received.length >= 4, '4 messages');
    const left = first.sequences;
    const leftMs = performance.now();
    await first.close();
    await second.count(4);
    const inherited = second.received.filter((message) => message.redelivered);
    expect(inherited.map((message) => message.sequence)).toEqual(left);
    expect((inherited[0]?.atMs ?? 0) - leftMs).toBeLessThan(1000);
  });

  it('is forgotten with its last member when it is not durable', async () => {
    const member = await client();
    const name = channel();
    const first = await subscribe(member, name, { queue: 'q', options: manual });
    await publish(member, name, '1');
    await first.count(1);
    first.ackAll();
    await first.close();
    const second = await subscribe(member, name, { queue: 'q', options: manual });
    await second.count(1);
    expect(second.received[0]?.redelivered).toBe(false);
  });

  it('keeps a durable group without members: the next one gets what was left, then the new', async () => {
    const first = await client();
    const name = channel();
    const before = await subscribe(first, name, { queue: 'q', options: durable });
    for (const data of ['1', '2']) await publish(first, name, data);
    await before.count(2);
    before.messages[0]?.ack();
    await close(first);
    const second = await client();
    await publish(second, name, '3');
    const after = await subscribe(second, name, { queue: 'q', options: durable });
    await after.count(2);
    expect(after.received.map(({ sequence, redelivered }) => [sequence, redelivered])).toEqual([
      [2, true],
      [3, false],
    ]);
  });

  it('keeps a durable group when one of two members unsubscribes, and forgets it with the last', async () => {
    const member = await client();
    const name = channel();
    const first = await subscribe(member, name, { queue: 'q', options: durable });
    const second = await subscribe(member, name, { queue: 'q', options: durable });
    await publish(member, name, '1');
    await eventually(() => first.received.length + second.received.length >= 1, 'the message');
    [...first.messages, ...second.messages].forEach((message) => message.ack());
    await first.unsubscribe();
    await publish(member, name, '2');
    await eventually(() => second.sequences.includes(2), 'the second message');
    second.ackAll();
    await second.unsubscribe();
    const anew = await subscribe(member, name, { queue: 'q', options: durable });
    await anew.count(2);
    expect(anew.sequences).toEqual([1, 2]);
  });

  it('treats a durable group and a plain one of the same name as two groups', async () => {
    const member = await client();
    const name = channel();
    const plain = await subscribe(member, name, { queue: 'q' });
    const lasting = await subscribe(member, name, { queue: 'q', options: (o) => o.setDurableName('d') });
    await publish(member, name, 'x');
    await plain.count(1);
    await lasting.count(1);
  });

  it('brings an unacknowledged message again to another member', async () => {
    const [one, two] = [await client(), await client()];
    const name = channel();
    const options = (o: SubscriptionOptions): SubscriptionOptions =>
      manual(o).setAckWait(1000).setMaxInFlight(1);
    const first = await subscribe(one, name, { queue: 'q', options });
    await publish(one, name, 'x');
    await first.count(1);
    const second = await subscribe(two, name, { queue: 'q', options });
    await eventually(() => second.received.length + first.received.length >= 2, 'the redelivery');
    expect([...first.received, ...second.received].filter((message) => message.redelivered)).toHaveLength(1);
    expect(second.sequences).toEqual([1]);
  });
}
