import { mkdtemp } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { FileStore, MemoryStore } from '@app/streaming-server';
import { SimulatedDisk } from '../support/simulated-disk.js';
import { storeContract } from './store-contract.js';

const directories: string[] = [];
const noLock = (): Promise<() => Promise<void>> => Promise.resolve(() => Promise.resolve());

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

storeContract({ name: 'memory', create: (limits) => Promise.resolve(new MemoryStore(limits)) });

storeContract({
  name: 'file',
  create: async (limits) => {
    const directory = await mkdtemp(join(tmpdir(), 'streaming-store-'));
    directories.push(directory);
    return new FileStore({ directory, limits, lock: noLock });
  },
});

storeContract({
  name: 'simulated file',
  create: (limits) =>
    Promise.resolve(
      new FileStore({ directory: '/data', limits, files: new SimulatedDisk(Math.random), lock: noLock }),
    ),
});
