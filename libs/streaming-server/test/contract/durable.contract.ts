import type { SubscriptionOptions } from 'node-nats-streaming';
import { expect, it } from '@jest/globals';
import { close, publish, subscribe } from '../support/client.js';
import type { Bench } from './bench.js';

const durable = (options: SubscriptionOptions): SubscriptionOptions =>
  options.setDurableName('d').setDeliverAllAvailable().setManualAckMode(true).setAckWait(30_000);

export function durableContract({ client, channel }: Bench): void {
  it('resumes after the last acknowledged message when its client comes back', async () => {
    const first = await client();
    const name = channel();
    const before = await subscribe(first, name, { options: durable });
    for (const data of ['1', '2']) await publish(first, name, data);
    await before.count(2);
    before.ackAll();
    await close(first);
    const second = await client(first.clientID);
    await publish(second, name, '3');
    const after = await subscribe(second, name, { options: durable });
    await after.count(1);
    expect(after.sequences).toEqual([3]);
  });

  it('resumes with what was not acknowledged, in order and flagged, and only then with new messages', async () => {
    const first = await client();
    const name = channel();
    const before = await subscribe(first, name, { options: durable });
    for (const data of ['1', '2', '3']) await publish(first, name, data);
    await before.count(3);
    before.messages[1]?.ack();
    await close(first);
    const second = await client(first.clientID);
    await publish(second, name, '4');
    const after = await subscribe(second, name, { options: durable });
    await after.count(3);
    expect(after.received.map(({ sequence, redelivered }) => [sequence, redelivered])).toEqual([
      [1, true],
      [3, true],
      [4, false],
    ]);
  });

  it('keeps a closed durable and forgets an unsubscribed one', async () => {
    const subscriber = await client();
    const name = channel();
    const first = await subscribe(subscriber, name, { options: durable });
    await publish(subscriber, name, '1');
    await first.count(1);
    first.ackAll();
    await first.close();
    await publish(subscriber, name, '2');
    const resumed = await subscribe(subscriber, name, { options: durable });
    await resumed.count(1);
    expect(resumed.sequences).toEqual([2]);
    resumed.ackAll();
    await resumed.unsubscribe();
    const anew = await subscribe(subscriber, name, { options: durable });
    await anew.count(2);
    expect(anew.received.map(({ sequence, redelivered }) => [sequence, redelivered])).toEqual([
      [1, false],
      [2, false],
    ]);
  });

  it('refuses a second subscriber of an active durable', async () => {
    const subscriber = await client();
    const name = channel();
    await subscribe(subscriber, name, { options: durable });
    const second = subscribe(subscriber, name, { options: durable });
    await expect(second).rejects.toThrow('stan: duplicate durable registration');
  });

  it('belongs to its client: the same name of another client is another durable', async () => {
    const [one, two] = [await client(), await client()];
    const name = channel();
    const first = await subscribe(one, name, { options: durable });
    const second = await subscribe(two, name, { options: durable });
    await publish(one, name, 'x');
    await first.count(1);
    await second.count(1);
  });
}
