import { fakeNatsStreaming } from '@app/nats/testing';
import { afterEach } from '@jest/globals';

/** For every unit spec: each test sees its own calls of the fake client; how the fake answers is kept. */
afterEach(() => fakeNatsStreaming.clear());
