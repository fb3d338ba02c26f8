import { existsSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ConfigurationError,
  FileStore,
  StoreDamagedError,
  StoreError,
  StoreFailedError,
  type FileStoreOptions,
  type Log,
  type MessageLog,
} from '@app/streaming-server';
import { SimulatedDisk } from '../support/simulated-disk.js';

const noLock = (): Promise<() => Promise<void>> => Promise.resolve(() => Promise.resolve());
const SEGMENT = 'messages-1-0000000000000001.log';
const CURSOR = { cursorId: 1, channel: 'c', clientId: 'client', durableName: 'd', queue: '', lastSent: 0 };

describe('a file store that is opened again', () => {
  let directory: string;
  let warnings: string[];
  let stores: FileStore[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'streaming-store-'));
    warnings = [];
    stores = [];
  });

  afterEach(async () => {
    for (const store of stores) await store.close();
    await rm(directory, { recursive: true });
  });

  function create(options: Partial<FileStoreOptions> = {}): FileStore {
    const log: Log = {
      notice: () => undefined,
      warn: (line) => warnings.push(line),
      error: () => undefined,
      debug: () => undefined,
    };
    const store = new FileStore({ directory, lock: noLock, log, ...options });
    stores.push(store);
    return store;
  }

  async function reopen(
    options: Partial<FileStoreOptions> = {},
  ): Promise<{ store: FileStore; log: MessageLog | undefined }> {
    for (const store of stores.splice(0)) await store.close();
    const store = create(options);
    const { channels } = await store.open('cluster');
    return { store, log: channels.get('c') };
  }

  /** A store with messages `1` … `count` on channel `c`, each in a flush of its own, and closed. */
  async function filled(count: number): Promise<void> {
    const { store } = await reopen();
    const log = store.createChannel('c');
    for (let index = 1; index <= count; index++) {
      log.append({ reply: '', data: Buffer.from(`message ${index}.`) });
      await store.flush();
    }
    await store.close();
  }

  const file = (name: string): string => join(directory, name);

  it('has every message, and goes on with the next number', async () => {
    await filled(3);
    const { store, log } = await reopen();
    expect([log?.firstSequence, log?.lastSequence]).toEqual([1, 3]);
    expect(log?.read(2)?.includes('message 2.')).toBe(true);
    expect(log?.append({ reply: '', data: Buffer.from('4') })).toBe(4);
    await store.flush();
    expect((await reopen()).log?.lastSequence).toBe(4);
    expect(warnings).toEqual([]);
  });

  it('cuts off a torn last record with a warning, wherever it was torn', async () => {
    await filled(3);
    const whole = readFileSync(file(SEGMENT));
    const recordBytes = whole.length / 3;
    for (const cutBytes of [1, 5, recordBytes - 13, recordBytes - 1]) {
      writeFileSync(file(SEGMENT), whole.subarray(0, whole.length - cutBytes));
      expect((await reopen()).log?.lastSequence).toBe(2);
      expect(warnings.splice(0)).toEqual([expect.stringContaining(`at offset ${recordBytes * 2}`)]);
    }
    writeFileSync(file(SEGMENT), Buffer.concat([whole, Buffer.alloc(4096)]));
    expect((await reopen()).log?.lastSequence).toBe(3);
    expect((await reopen()).log?.lastSequence).toBe(3);
    expect(warnings).toHaveLength(1);
  });

  it('refuses any other damage with the file and the offset, and leaves the file as it is', async () => {
    await filled(3);
    const whole = readFileSync(file(SEGMENT));
    const recordBytes = whole.length / 3;
    for (const offset of [2, 6, 14, recordBytes + 1, recordBytes * 2 - 1]) {
      const damaged = Buffer.from(whole);
      damaged[offset] = (damaged[offset] ?? 0) ^ 0x40;
      writeFileSync(file(SEGMENT), damaged);
      const bad = Math.floor(offset / recordBytes) * recordBytes;
      await expect(reopen()).rejects.toMatchObject({
        code: 'store_damaged',
        file: file(SEGMENT),
        offset: bad,
      });
      expect(readFileSync(file(SEGMENT))).toEqual(damaged);
      writeFileSync(file(SEGMENT), whole);
    }
    expect((await reopen()).log?.lastSequence).toBe(3);
  });

  it('refuses damage of the file of clients and subscriptions', async () => {
    await filled(1);
    truncateSync(file('state-1.log'), 5);
    await expect(reopen()).rejects.toBeInstanceOf(StoreDamagedError);
  });

  it('refuses to start when a file in the middle is missing', async () => {
    const limits = { messagesMax: 4_096 };
    const { store } = await reopen({ limits });
    const log = store.createChannel('c');
    for (let batch = 0; batch < 6; batch++) {
      for (let index = 0; index < 600; index++) log.append({ reply: '', data: Buffer.from('x') });
      await store.flush();
    }
    await store.close();
    const segments = readdirSync(directory)
      .filter((name) => name.startsWith('messages-'))
      .sort();
    expect(segments.length).toBeGreaterThanOrEqual(3);
    await rm(file(segments[1] as string));
    await expect(reopen({ limits })).rejects.toThrow('a file is missing');
  });

  it('takes no more room than its limit and one file', async () => {
    const limits = { messagesMax: 2_000 };
    const { store } = await reopen({ limits });
    const log = store.createChannel('c');
    for (let batch = 0; batch < 10; batch++) {
      for (let index = 0; index < 1_000; index++) log.append({ reply: '', data: Buffer.from('x') });
      await store.flush();
    }
    const segments = readdirSync(directory).filter((name) => name.startsWith('messages-'));
    expect(segments.length).toBeLessThanOrEqual(3);
    const { log: again } = await reopen({ limits });
    expect([again?.firstSequence, again?.lastSequence]).toEqual([8_001, 10_000]);
  });

  it('remembers clients, durables, and what was sent and not acknowledged', async () => {
    await filled(5);
    const { store } = await reopen();
    const { journal } = store;
    journal.saveClient({ clientId: 'client', heartbeatInbox: 'hb', connectionId: 'id' });
    journal.saveClient({ clientId: 'gone', heartbeatInbox: 'hb', connectionId: 'id2' });
    journal.saveCursor(CURSOR);
    const member = {
      memberId: 2,
      cursorId: 1,
      clientId: 'client',
      inbox: 'i',
      ackInbox: 'a',
      maxInFlight: 9,
      ackWaitSeconds: 30,
    };
    journal.saveMember(member);
    for (const sequence of [1, 2, 3, 4]) journal.sent(1, sequence);
    journal.acknowledged(1, 1);
    journal.acknowledged(1, 3);
    journal.removeClient('gone');
    await store.flush();
    await store.close();
    const recovered = await create().open('cluster');
    expect(recovered.clients).toEqual([{ clientId: 'client', heartbeatInbox: 'hb', connectionId: 'id' }]);
    expect(recovered.cursors).toEqual([{ ...CURSOR, lastSent: 4, pending: [2, 4], members: [member] }]);
  });

  it('writes acknowledgements soon, also when nobody publishes', async () => {
    await filled(2);
    const { store } = await reopen();
    store.journal.saveCursor(CURSOR);
    store.journal.sent(1, 1);
    store.journal.sent(1, 2);
    store.journal.acknowledged(1, 1);
    await store.flush();
    const size = readFileSync(file('state-1.log')).length;
    store.journal.acknowledged(1, 2);
    const deadline = Date.now() + 2_000;
    while (readFileSync(file('state-1.log')).length === size && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(readFileSync(file('state-1.log')).length).toBeGreaterThan(size);
  });

  it('rewrites the file of subscriptions when most of it is history', async () => {
    await filled(1);
    const { store } = await reopen();
    store.journal.saveCursor(CURSOR);
    for (let round = 0; round < 30; round++) {
      for (let index = 0; index < 1_000; index++) {
        store.journal.saveClient({
          clientId: `client-${index}`,
          heartbeatInbox: 'x'.repeat(40),
          connectionId: 'id',
        });
        if (index > 0) store.journal.removeClient(`client-${index}`);
      }
      await store.flush();
    }
    const states = readdirSync(directory).filter((name) => name.startsWith('state-'));
    expect(states).toHaveLength(1);
    expect(states[0]).not.toBe('state-1.log');
    expect(readFileSync(file(states[0] as string)).length).toBeLessThan(2_000_000);
    await store.close();
    const recovered = await create().open('cluster');
    expect(recovered.clients).toHaveLength(1);
    expect(recovered.cursors).toHaveLength(1);
    expect(recovered.channels.get('c')?.lastSequence).toBe(1);
  });

  it('belongs to one cluster', async () => {
    await filled(1);
    await expect(create().open('other')).rejects.toBeInstanceOf(ConfigurationError);
    expect(existsSync(file(SEGMENT))).toBe(true);
  });
});

describe('a file store on a disk that fails', () => {
  async function opened(disk: SimulatedDisk): Promise<{ store: FileStore; log: MessageLog }> {
    const store = new FileStore({ directory: '/data', files: disk, lock: noLock });
    await store.open('cluster');
    const log = store.createChannel('c');
    log.append({ reply: '', data: Buffer.from('1') });
    await store.flush();
    return { store, log };
  }

  it('takes back what a full disk refused, says so, and goes on when there is room', async () => {
    const disk = new SimulatedDisk(Math.random);
    const { store, log } = await opened(disk);
    disk.failWrites = new Error('ENOSPC: no space left on device');
    log.append({ reply: '', data: Buffer.from('refused') });
    await expect(store.flush()).rejects.toBeInstanceOf(StoreError);
    expect(log.lastSequence).toBe(1);
    disk.failWrites = undefined;
    expect(log.append({ reply: '', data: Buffer.from('2') })).toBe(2);
    await store.flush();
    await store.close();
    const { channels } = await new FileStore({
      directory: '/data',
      files: disk.survivor(),
      lock: noLock,
    }).open('cluster');
    expect(channels.get('c')?.read(2)?.includes('refused')).toBe(false);
    expect(channels.get('c')?.lastSequence).toBe(2);
  });

  it('trusts nothing after a failed sync: every later flush fails', async () => {
    const disk = new SimulatedDisk(Math.random);
    const { store, log } = await opened(disk);
    disk.failSyncs = new Error('EIO');
    log.append({ reply: '', data: Buffer.from('x') });
    await expect(store.flush()).rejects.toBeInstanceOf(StoreFailedError);
    disk.failSyncs = undefined;
    log.append({ reply: '', data: Buffer.from('y') });
    await expect(store.flush()).rejects.toThrow('cannot sync');
    expect(log.lastSequence).toBe(1);
    await store.close();
  });
});
