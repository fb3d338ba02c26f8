import type { NatsOptions } from '../src/index.js';

/** Options for specs, with time-outs short enough to wait for; anything may be given otherwise. */
export function testNatsOptions(given: Partial<NatsOptions> = {}): NatsOptions {
  return {
    driver: 'streaming',
    jetStream: { replicas: 1, maxAgeMs: 0, duplicateWindowMs: 120_000 },
    url: 'nats://user:secret@127.0.0.1:4222',
    clusterId: 'bank',
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
  };
}
