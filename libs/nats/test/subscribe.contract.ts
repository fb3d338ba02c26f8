import { expect, it } from '@jest/globals';
import { eventually } from '../testing/index.js';
import { CHANNEL, listen, SOON, type Bench } from './bench.js';

/** Long enough for a second of ack wait on a busy machine. */
const REDELIVERY_MS = 8_000;

/** The contract of a durable subscription. */
export function subscribeContract(bench: () => Bench): void {
  it('starts with what was stored before it', async () => {
    const instance = await bench().connected();
    for (const data of ['a', 'b', 'ä']) await instance.bus.publish(CHANNEL, data);
    const { distinct } = listen(instance);
    await eventually('three messages', () => distinct.length === 3);
    expect(distinct).toEqual(['1 a', '2 b', '3 ä']);
  });

  it('may be asked for before the connection stands', async () => {
    const instance = await bench().instance();
    const { distinct } = listen(instance);
    await instance.connection.connect();
    await instance.bus.publish(CHANNEL, 'a');
    await eventually('it comes', () => distinct.length === 1);
  });

  it('a successor goes on where its predecessor stopped', async () => {
    const first = await bench().connected({ clientId: 'the-one' });
    const before = listen(first);
    await first.bus.publish(CHANNEL, 'a');
    await eventually('the first', () => before.distinct.length === 1);
    await before.subscription.drain();
    await first.connection.close();

    const second = await bench().connected({ clientId: 'the-one' });
    const after = listen(second);
    await second.bus.publish(CHANNEL, 'b');
    await eventually('the second', () => after.distinct.length > 0);
    expect(after.distinct).toEqual(['2 b']);
  });

  it('delivers again what was not processed, and says that it does', async () => {
    const instance = await bench().connected(SOON);
    const { heard } = listen(instance, ({ redelivered }) =>
      redelivered ? Promise.resolve() : Promise.reject(new Error('no')),
    );
    await instance.bus.publish(CHANNEL, 'a');
    await eventually('it comes again', () => heard.length === 2, REDELIVERY_MS);
    expect(heard).toEqual(['1 a', '1 a!']);
    expect(bench().log.lines.filter((line) => line.includes('was not processed'))).toHaveLength(1);
  });

  it('delivers what its instance never answered for to another one', async () => {
    const first = await bench().connected(SOON);
    const stuck = listen(first, () => new Promise(() => undefined));
    await first.bus.publish(CHANNEL, 'a');
    await eventually('the first has it', () => stuck.heard.length === 1);
    await first.connection.close();
    const second = listen(await bench().connected(SOON));
    await eventually('the second has it', () => second.heard.length === 1, REDELIVERY_MS);
    expect(second.heard).toEqual(['1 a!']);
  });

  it('the instances of a queue share its messages, and another queue gets them all', async () => {
    const [one, two] = [listen(await bench().connected()), listen(await bench().connected())];
    const publisher = await bench().connected({ queue: 'watchers' });
    const other = listen(publisher);
    const sent = Array.from({ length: 20 }, (_, index) => `coin-${index}`);
    for (const each of sent) await publisher.bus.publish(CHANNEL, each);
    await eventually('the queue has all', () => one.distinct.length + two.distinct.length >= sent.length);
    await eventually('the other queue has all', () => other.distinct.length >= sent.length);
    const shared = [...one.distinct, ...two.distinct].map((each) => each.split(' ')[1]).sort();
    expect(shared).toEqual([...sent].sort());
    expect(other.distinct).toHaveLength(sent.length);
  });

  it('hands an instance no more messages at once than it has places for', async () => {
    const instance = await bench().connected({ maxInFlight: 2 });
    let running = 0;
    let peak = 0;
    const { distinct } = listen(instance, async () => {
      peak = Math.max(peak, ++running);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running--;
    });
    await Promise.all(Array.from({ length: 8 }, (_, index) => instance.bus.publish(CHANNEL, `${index}`)));
    await eventually('all come', () => distinct.length === 8);
    expect(peak).toBe(2);
  });

  it('draining waits for the running handler, which is acknowledged, and takes nothing more', async () => {
    const first = await bench().connected(SOON);
    let finish = () => {};
    const { heard, subscription } = listen(first, () => new Promise((resolve) => (finish = resolve)));
    await first.bus.publish(CHANNEL, 'a');
    await eventually('it is handled', () => heard.length >= 1);
    let drained = false;
    const draining = subscription.drain().then(() => (drained = true));
    await first.bus.publish(CHANNEL, 'b');
    expect(drained).toBe(false);
    finish();
    await draining;
    await first.connection.close();
    expect(heard).toEqual(['1 a']);

    const successor = listen(await bench().connected(SOON));
    await eventually('the rest comes', () => successor.heard.length > 0, REDELIVERY_MS);
    expect(successor.heard.map((each) => each.replace('!', ''))).toEqual(['2 b']);
  });

  it('channels with different prefixes are apart', async () => {
    const [first, second] = [
      await bench().connected({ channelPrefix: 'first.' }),
      await bench().connected({ channelPrefix: 'second.' }),
    ];
    const [one, two] = [listen(first), listen(second)];
    await first.bus.publish(CHANNEL, 'a');
    await second.bus.publish(CHANNEL, 'b');
    await eventually('both', () => one.distinct.length + two.distinct.length >= 2);
    expect([one.distinct, two.distinct]).toEqual([['1 a'], ['1 b']]);
  });
}
