import { describe, expect, it } from '@jest/globals';
import { TEST_JETSTREAM, testNatsOptions } from '../testing/index.js';
import type { BrokerConnection } from './broker-connection.js';
import { createBus, createConnection } from './driver.js';
import { JetStreamBus } from './jetstream/jetstream.bus.js';
import { JetStreamConnection } from './jetstream/jetstream-connection.js';
import { NatsConnection } from './nats-connection.js';
import { NatsStreamingBus } from './nats-streaming.bus.js';

describe('the driver', () => {
  it.each([
    ['streaming', testNatsOptions().driver, NatsConnection, NatsStreamingBus],
    ['jetstream', TEST_JETSTREAM, JetStreamConnection, JetStreamBus],
  ] as const)('%s has its own connection and bus', async (_name, driver, Connection, Bus) => {
    const connection = await createConnection({ ...testNatsOptions(), driver }, []);
    expect(connection).toBeInstanceOf(Connection);
    expect(await createBus(connection)).toBeInstanceOf(Bus);
  });

  it('is not guessed for a connection that none has made', async () => {
    await expect(createBus({} as BrokerConnection)).rejects.toThrow('No driver has made this connection');
  });
});
