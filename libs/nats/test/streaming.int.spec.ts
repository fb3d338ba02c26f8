import { jest } from '@jest/globals';
import { embeddedStreaming } from './backends.js';
import { messageBusContract } from './message-bus.contract.js';

jest.setTimeout(30_000);

messageBusContract('the driver for NATS Streaming, on the embedded server', embeddedStreaming);
