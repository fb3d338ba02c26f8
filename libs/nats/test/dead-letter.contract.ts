import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineEvents, NatsTransport } from '../src/index.js';
import { eventually, InMemoryDeadLetters } from '../testing/index.js';
import { CHANNEL, SOON, type Bench, type Instance } from './bench.js';

const DELIVERIES_MAX = 3;
/** Longer than that many redeliveries take, with either driver's pause between them. */
const BURIED_MS = 15_000;

const events = defineEvents('urn:test', {
  [CHANNEL]: { version: '1.0', source: '/test', data: z.object({ side: z.string() }), key: () => 'coin' },
});

const toss = (side: string) => JSON.stringify(events.create(CHANNEL, { side }));

/** A transport whose handler takes heads only, with its sink. */
function startTransport({ bus }: Instance) {
  const sink = new InMemoryDeadLetters();
  const transport = new NatsTransport(bus, events, { sink, deliveriesMax: DELIVERIES_MAX });
  const handled: string[] = [];
  const handler = ({ data: { side } }: { data: { side: string } }) => {
    handled.push(side);
    return side === 'heads' ? Promise.resolve() : Promise.reject(new Error('not heads'));
  };
  transport.addHandler(CHANNEL, handler, true);
  transport.listen(() => undefined);
  return { sink, transport, handled };
}

/** The contract of messages that cannot be processed. */
export function deadLetterContract(bench: () => Bench): void {
  it('that fails each time goes to the sink with its last error, and comes no more', async () => {
    const instance = await bench().connected(SOON);
    const { sink, transport, handled } = startTransport(instance);
    await instance.bus.publish(CHANNEL, toss('tails'));
    await instance.bus.publish(CHANNEL, toss('heads'));
    await eventually('it is buried', () => sink.buried.length === 1, BURIED_MS);
    expect(sink.buried).toMatchObject([
      {
        reason: 'failed',
        deliveries: DELIVERIES_MAX,
        error: { message: 'not heads' },
        message: { sequence: 1 },
      },
    ]);
    expect(handled.filter((side) => side === 'tails')).toHaveLength(DELIVERIES_MAX);
    expect(handled.filter((side) => side === 'heads')).toHaveLength(1);
    await transport.close();
    await instance.connection.close();

    const successor = await bench().connected(SOON);
    const after = startTransport(successor);
    await successor.bus.publish(CHANNEL, toss('heads'));
    await eventually('the next one comes', () => after.handled.length > 0);
    expect(after.handled).toEqual(['heads']);
    await after.transport.close();
  });

  it('that is no event goes there at once', async () => {
    const instance = await bench().connected(SOON);
    const { sink, transport, handled } = startTransport(instance);
    await instance.bus.publish(CHANNEL, 'not JSON');
    await eventually('it is buried', () => sink.buried.length === 1);
    expect(sink.buried).toMatchObject([{ reason: 'malformed', deliveries: 1 }]);
    expect(handled).toEqual([]);
    await transport.close();
  });
}
