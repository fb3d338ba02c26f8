import { jest } from '@jest/globals';
import { realJetStream, realStreaming } from './backends.js';
import { jetStreamContract } from './jetstream.contract.js';
import { messageBusContract } from './message-bus.contract.js';
import { onRealServers } from './on-real-servers.js';

jest.setTimeout(30_000);

onRealServers('the driver for NATS Streaming', ['nats-streaming-server', 'NATS_STREAMING_SERVER'], () => {
  messageBusContract('on nats-streaming-server', realStreaming);
});

onRealServers('the driver for JetStream', ['nats-server', 'NATS_SERVER'], () => {
  messageBusContract('on nats-server', realJetStream);
  jetStreamContract('on nats-server, beyond the contract', realJetStream);
});
