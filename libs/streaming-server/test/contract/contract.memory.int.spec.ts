import { MemoryStore, StreamingServer } from '@app/streaming-server';
import { streamingContract } from './streaming-contract.js';

streamingContract('the streaming contract, memory store', () =>
  StreamingServer.start({ store: new MemoryStore({ channelsMax: 0 }) }),
);
