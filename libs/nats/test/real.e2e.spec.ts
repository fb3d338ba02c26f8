import { jest } from '@jest/globals';
import { authorizationContract } from './authorization.contract.js';
import { realJetStream, realStreaming } from './backends.js';
import { jetStreamContract } from './jetstream.contract.js';
import { messageBusContract } from './message-bus.contract.js';
import { onRealServers } from './on-real-servers.js';
import { tlsContract } from './tls.contract.js';

jest.setTimeout(30_000);

onRealServers('the driver for NATS Streaming', ['nats-streaming-server', 'NATS_STREAMING_SERVER'], () => {
  messageBusContract('on nats-streaming-server', realStreaming);
  tlsContract('a nats-streaming-server', realStreaming);
  authorizationContract('a nats-streaming-server', realStreaming);
});

onRealServers('the driver for JetStream', ['nats-server', 'NATS_SERVER'], () => {
  messageBusContract('on nats-server', realJetStream);
  tlsContract('a nats-server', realJetStream);
  authorizationContract('a nats-server', realJetStream);
  jetStreamContract('on nats-server, beyond the contract', realJetStream);
});
