import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { StoreError, type MessageLog, type Store, type StoreLimits } from '@app/streaming-server';

/** Makes a store with these limits. The second function opens what the first store left behind, if the kind keeps it. */
export interface StoreKind {
  readonly name: string;
  readonly create: (limits: Partial<StoreLimits>) => Promise<Store>;
}

/** What any store does, whatever it keeps its messages in. */
export function storeContract({ name, create }: StoreKind): void {
  describe(`a ${name} store`, () => {
    let store: Store;

    afterEach(async () => {
      jest.useRealTimers();
      await store.close();
    });

    async function open(limits: Partial<StoreLimits> = {}): Promise<Store> {
      store = await create(limits);
      await store.open('cluster');
      return store;
    }

    async function append(log: MessageLog, ...data: string[]): Promise<void> {
      for (const text of data) log.append({ reply: '', data: Buffer.from(text) });
      await store.flush();
    }

    const readable = (log: MessageLog): number[] => {
      const sequences = Array.from({ length: log.lastSequence + 1 }, (_, index) => index);
      return sequences.filter((sequence) => log.read(sequence) !== undefined);
    };

    it('numbers messages from 1 and gives them back', async () => {
      const log = (await open()).createChannel('c');
      expect([log.firstSequence, log.lastSequence, log.messageCount, log.byteCount]).toEqual([1, 0, 0, 0]);
      await append(log, 'one', 'two', '');
      expect([log.firstSequence, log.lastSequence, log.messageCount]).toEqual([1, 3, 3]);
      expect(log.read(2)?.includes('two')).toBe(true);
      expect([log.read(0), log.read(4)]).toEqual([undefined, undefined]);
      expect(log.byteCount).toBe(
        [1, 2, 3].reduce((sum, sequence) => sum + (log.read(sequence)?.length ?? 0), 0),
      );
    });

    it('keeps channels apart', async () => {
      await open();
      const [one, two] = [store.createChannel('one'), store.createChannel('two')];
      await append(one, 'x');
      await append(two, 'y', 'z');
      expect([one.lastSequence, two.lastSequence]).toEqual([1, 2]);
    });

    it('refuses one channel too many', async () => {
      await open({ channelsMax: 1 });
      store.createChannel('one');
      const create = (): unknown => store.createChannel('two');
      expect(create).toThrow(StoreError);
      expect(create).toThrow('too many channels');
    });

    it('drops the oldest messages over the limit of messages', async () => {
      const log = (await open({ messagesMax: 3 })).createChannel('c');
      await append(log, '1', '2', '3', '4', '5');
      expect([log.firstSequence, log.lastSequence, log.messageCount]).toEqual([3, 5, 3]);
      expect(readable(log)).toEqual([3, 4, 5]);
    });

    it('drops the oldest messages over the limit of bytes, but never the newest', async () => {
      const log = (await open({ bytesMax: 300 })).createChannel('c');
      await append(log, ...Array.from({ length: 10 }, () => 'x'.repeat(80)));
      expect(log.byteCount).toBeLessThanOrEqual(300);
      expect(log.messageCount).toBe(3);
      await append(log, 'y'.repeat(1_000));
      expect(readable(log)).toEqual([11]);
      expect(log.byteCount).toBe(log.read(11)?.length);
    });

    it('drops messages over the age limit; the numbers go on after them', async () => {
      const log = (await open({ ageMaxMs: 1_000 })).createChannel('c');
      await append(log, 'old', 'old');
      log.expire(Date.now() + 500);
      expect(log.messageCount).toBe(2);
      log.expire(Date.now() + 2_000);
      expect([log.messageCount, log.firstSequence, log.lastSequence, log.byteCount]).toEqual([0, 3, 2, 0]);
      await append(log, 'new');
      expect(readable(log)).toEqual([3]);
    });

    it('finds the first message that is not older than a time', async () => {
      const log = (await open()).createChannel('c');
      expect(log.sequenceAtTime(0)).toBe(1);
      jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'], now: 1_000_000 });
      for (const text of ['a', 'b', 'c', 'd']) {
        await append(log, text);
        jest.setSystemTime(Date.now() + 100);
      }
      const found = [0, 1_000_000, 1_000_001, 1_000_100, 1_000_299, 1_000_300, 1_000_301].map((timeMs) =>
        log.sequenceAtTime(timeMs),
      );
      expect(found).toEqual([1, 1, 2, 2, 4, 4, 5]);
    });

    it('never lets time go back within a channel', async () => {
      const log = (await open()).createChannel('c');
      jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'], now: 1_000_000 });
      await append(log, 'a');
      jest.setSystemTime(500_000);
      await append(log, 'b');
      expect(log.sequenceAtTime(1_000_000)).toBe(1);
      expect(log.sequenceAtTime(1_000_001)).toBe(3);
    });

    it('keeps thousands of messages readable in any order', async () => {
      const log = (await open({ messagesMax: 5_000 })).createChannel('c');
      for (let batch = 0; batch < 12; batch++) {
        await append(
          log,
          ...Array.from({ length: 500 }, (_, index) => `message ${batch * 500 + index + 1}.`),
        );
      }
      expect([log.firstSequence, log.lastSequence]).toEqual([1_001, 6_000]);
      for (const sequence of [6_000, 1_001, 3_500, 1_002, 5_999, 2_048, 2_049]) {
        expect(log.read(sequence)?.includes(`message ${sequence}.`)).toBe(true);
      }
      expect(log.read(1_000)).toBeUndefined();
    });
  });
}
