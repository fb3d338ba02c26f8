import type { SubscriptionOptions } from 'node-nats-streaming';
import { describe, expect, it } from '@jest/globals';
import { publish, subscribe, unique } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import type { Bench } from './bench.js';

export function subscribeContract({ client, channel }: Bench): void {
  const refusals: [string, (options: SubscriptionOptions) => SubscriptionOptions, string][] = [
    ['a negative ack wait', (o) => o.setAckWait(-1000), 'stan: invalid ack wait time, should be >= 1s'],
    ['a negative maxInFlight', (o) => o.setMaxInFlight(-1), 'stan: invalid MaxInflight, should be >= 1'],
    ['an unknown start position', (o) => o.setStartAt(9), 'stan: invalid start position'],
  ];
  it.each(refusals)('refuses %s', async (_what, options, text) => {
    const subscriber = await client();
    await expect(subscribe(subscriber, channel(), { options })).rejects.toThrow(text);
  });

  it.each(['a.*', 'a.>', 'a..b', '.a', 'a.', 'a/b'])('refuses the channel %s', async (name) => {
    const subscriber = await client();
    await expect(subscribe(subscriber, name)).rejects.toThrow('stan: invalid subject');
  });

  it('refuses a colon in the durable name of a queue group', async () => {
    const subscriber = await client();
    const refused = subscribe(subscriber, channel(), { queue: 'q', options: (o) => o.setDurableName('a:b') });
    await expect(refused).rejects.toThrow(
      "stan: durable name of a durable queue subscriber can't contain the character ':'",
    );
  });

  describe('start positions', () => {
    async function filled(): Promise<{
      read: (options: (o: SubscriptionOptions) => SubscriptionOptions) => Promise<number[]>;
    }> {
      const subscriber = await client();
      const name = channel();
      for (const data of ['1', '2', '3']) await publish(subscriber, name, data);
      const read = async (options: (o: SubscriptionOptions) => SubscriptionOptions): Promise<number[]> => {
        const end = unique('end');
        const collector = await subscribe(subscriber, name, { options });
        await publish(subscriber, name, end);
        await collector.count(1);
        while (collector.received.at(-1)?.data !== end) await collector.count(collector.received.length + 1);
        return collector.sequences;
      };
      return { read };
    }

    it('new only is the default: nothing that was there', async () => {
      const { read } = await filled();
      expect(await read((o) => o)).toEqual([4]);
    });

    it('last received begins with the last message', async () => {
      const { read } = await filled();
      expect(await read((o) => o.setStartWithLastReceived())).toEqual([3, 4]);
    });

    it('all available begins with the first message', async () => {
      const { read } = await filled();
      expect(await read((o) => o.setDeliverAllAvailable())).toEqual([1, 2, 3, 4]);
    });

    it('a sequence begins with it; one before the first with the first; one after the last with new ones', async () => {
      const { read } = await filled();
      expect(await read((o) => o.setStartAtSequence(2))).toEqual([2, 3, 4]);
      expect(await read((o) => o.setStartAtSequence(0))).toEqual([1, 2, 3, 4, 5]);
      expect(await read((o) => o.setStartAtSequence(99))).toEqual([6]);
    });

    it('a time begins with the first message that is not older', async () => {
      const subscriber = await client();
      const name = channel();
      await publish(subscriber, name, 'old');
      await new Promise((resolve) => setTimeout(resolve, 300));
      await publish(subscriber, name, 'young');
      const collector = await subscribe(subscriber, name, { options: (o) => o.setStartAtTimeDelta(150) });
      await collector.count(1);
      expect(collector.received.map((message) => message.data)).toEqual(['young']);
      const all = await subscribe(subscriber, name, { options: (o) => o.setStartAtTimeDelta(60_000) });
      await all.count(2);
      expect(all.sequences).toEqual([1, 2]);
    });

    it('a time after the last message means new ones', async () => {
      const { read } = await filled();
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await read((o) => o.setStartAtTimeDelta(1))).toEqual([4]);
    });
  });

  it('confirms before it delivers, also when messages wait', async () => {
    const subscriber = await client();
    const name = channel();
    await publish(subscriber, name, 'waiting');
    const events: string[] = [];
    const options = subscriber.subscriptionOptions().setDeliverAllAvailable();
    const subscription = subscriber.subscribe(name, options);
    for (const event of ['ready', 'message', 'error']) subscription.on(event, () => events.push(event));
    await eventually(() => events.length >= 2, 'both');
    expect(events).toEqual(['ready', 'message']);
  });
}
