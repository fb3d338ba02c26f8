import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { NatsOptions } from '@app/nats';
import { exhibitEvents } from '../exhibits/exhibit-events.js';
import type { Broker } from './broker.js';
import { until } from './deadline.js';
import { isFree } from './free-port.js';
import { natsServerBinary, startNatsServer } from './nats-server.part.js';
import { openProvider, type Provider } from './provider.js';
import { startStreamingServer } from './streaming-server.part.js';

jest.setTimeout(60_000);
const WITHIN_MS = 15_000;
const CHANNEL = 'coin.tossed';

interface Kind {
  readonly name: string;
  readonly start: () => Promise<Broker>;
  readonly driver: NatsOptions['driver'];
}

const KINDS: Kind[] = [
  {
    name: 'the streaming server',
    start: () => startStreamingServer({ store: 'file' }),
    driver: { name: 'streaming', clusterId: 'bank' },
  },
];
// CI has it, and runs the crash matrix on it, which fails without.
if (natsServerBinary() !== undefined) {
  KINDS.push({
    name: 'NATS with JetStream',
    start: () => startNatsServer(),
    driver: { name: 'jetstream', replicas: 1, maxAgeMs: 0, duplicateWindowMs: 120_000 },
  });
}

describe.each(KINDS)('$name', ({ start, driver }) => {
  let broker: Broker | undefined;
  const providers: Provider[] = [];

  afterEach(async () => {
    for (const provider of providers.splice(0)) await provider.close();
    await broker?.stop();
  });

  async function connected(address: Broker): Promise<Provider> {
    const provider = await openProvider(address, exhibitEvents, {
      driver,
      clientId: `provider-${providers.length}`,
    });
    providers.push(provider);
    return provider;
  }

  async function delivered(address: Broker): Promise<string[]> {
    const { bus } = await connected(address);
    const texts: string[] = [];
    bus.subscribe(CHANNEL, (message) => Promise.resolve(void texts.push(message.data.toString())));
    await bus.publish(CHANNEL, 'the last');
    await until('the last message', WITHIN_MS, () => (texts.includes('the last') ? true : undefined));
    return texts;
  }

  it.each([
    [true, ['heads', 'the last']],
    [false, ['the last']],
  ])('killed, it comes back at its address; its store kept: %s', async (keepStore, expected) => {
    broker = await start();
    const { port } = broker;
    const { bus } = await connected(broker);
    await bus.publish(CHANNEL, 'heads');
    await broker.kill();
    await broker.restart({ keepStore });
    expect([broker.port, await delivered(broker)]).toEqual([port, expected]);
  });

  it('paused, it takes nothing in, and goes on when it is resumed', async () => {
    broker = await start();
    const { bus } = await connected(broker);
    await bus.publish(CHANNEL, 'before');
    broker.pause();
    await expect(bus.publish(CHANNEL, 'meanwhile')).rejects.toThrow();
    broker.resume();
    expect(await delivered(broker)).toEqual(expect.arrayContaining(['before', 'the last']));
  });

  it('stops although it is paused, and twice', async () => {
    broker = await start();
    broker.pause();
    await broker.stop();
    await broker.stop();
    expect(await isFree(broker.port)).toBe(true);
  });
});

describe('a streaming server without files', () => {
  it('refuses to keep a store that it has in memory', async () => {
    const broker = await startStreamingServer();
    await expect(broker.restart({ keepStore: true })).rejects.toThrow(/has no store that could be kept/);
    await broker.stop();
  });
});
