import type { JetStreamOptions, NatsOptions, StreamingOptions } from '../src/index.js';

/** JetStream as it is set up by default, for specs that put it in the place of the driver below. */
export const TEST_JETSTREAM: JetStreamOptions = {
  name: 'jetstream',
  replicas: 1,
  maxAgeMs: 0,
  duplicateWindowMs: 120_000,
};

/** Options for specs, with time-outs short enough to wait for; anything but the driver may be given otherwise. */
export function testNatsOptions(
  given: Partial<Omit<NatsOptions, 'driver'>> = {},
): NatsOptions<StreamingOptions> {
  return {
    url: 'nats://user:secret@127.0.0.1:4222',
    clientId: 'transactions-1',
    queue: 'transactions',
    channelPrefix: '',
    onConnectionLost: 'exit',
    startup: 'wait',
    startupTimeoutMs: 1_000,
    connectTimeoutMs: 50,
    clientIdTimeoutMs: 200,
    resumeTimeoutMs: 50,
    pingIntervalMs: 1_000,
    pingsOutMax: 1,
    ackTimeoutMs: 1_000,
    publishesInFlightMax: 4,
    ackWaitMs: 1_000,
    maxInFlight: 8,
    deliveriesMax: 3,
    ...given,
    driver: { name: 'streaming', clusterId: 'bank' },
  };
}
