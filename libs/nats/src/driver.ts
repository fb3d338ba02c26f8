import type { BrokerConnection } from './broker-connection.js';
import type { MessageBus } from './message-bus.js';
import { NatsConnection } from './nats-connection.js';
import type { NatsOptions } from './nats.options.js';
import { NatsStreamingBus } from './nats-streaming.bus.js';

/**
 * The connection of the driver that the options name. A driver's client is loaded only where it is used, so that
 * who stays with NATS Streaming need not install JetStream's.
 *
 * @param channels what this process may publish or consume: JetStream needs a stream for each
 */
export async function createConnection(
  options: NatsOptions,
  channels: readonly string[],
): Promise<BrokerConnection> {
  const { driver } = options;
  if (driver.name === 'streaming') return new NatsConnection({ ...options, driver });
  const { JetStreamConnection } = await import('./jetstream/jetstream-connection.js');
  return new JetStreamConnection({ ...options, driver }, channels);
}

/** The bus that goes with a connection. */
export async function createBus(connection: BrokerConnection): Promise<MessageBus> {
  if (connection instanceof NatsConnection) return new NatsStreamingBus(connection);
  const [{ JetStreamBus }, { JetStreamConnection }] = await Promise.all([
    import('./jetstream/jetstream.bus.js'),
    import('./jetstream/jetstream-connection.js'),
  ]);
  if (connection instanceof JetStreamConnection) return new JetStreamBus(connection);
  throw new TypeError('No driver has made this connection');
}
