import { describe, expect, it } from '@jest/globals';
import { FileStore, type MessageLog } from '@app/streaming-server';
import { runSeed, seededRandom } from '../support/seeded-random.js';
import { PowerCutError, SimulatedDisk } from '../support/simulated-disk.js';

/** Runs of three cuts each; the full run takes more. */
const RUNS = Number(process.env.TEST_POWER_CUT_RUNS ?? 12);
/** Makes segments of the smallest size, so that runs go from one to the next and drop old ones. */
const MESSAGES_MAX = 4096;
const CURSOR = 1;

/** What clients were told: after a cut it must all be there. */
interface Promised {
  readonly messages: Map<string, Map<number, string>>;
  /** Sent to the subscriber of the first channel, and acknowledged by it. */
  lastSent: number;
  readonly acknowledged: Set<number>;
  cursorSaved: boolean;
}

class Workload {
  private readonly logs: Map<string, MessageLog>;
  private counter = 0;

  constructor(
    private readonly store: FileStore,
    private readonly promised: Promised,
    private readonly random: () => number,
    channels: ReadonlyMap<string, MessageLog>,
  ) {
    this.logs = new Map(channels);
  }

  /** Publishes and acknowledges until the power goes. */
  async run(): Promise<void> {
    if (!this.promised.cursorSaved) {
      const cursor = {
        cursorId: CURSOR,
        channel: 'a',
        clientId: 'c',
        durableName: 'd',
        queue: '',
        lastSent: 0,
      };
      this.store.journal.saveCursor(cursor);
      await this.store.flush();
      this.promised.cursorSaved = true;
    }
    for (;;) await this.batch();
  }

  private async batch(): Promise<void> {
    const stored: [string, number, string][] = [];
    const size = 1 + Math.floor(this.random() * (this.random() < 0.2 ? 1000 : 30));
    for (let index = 0; index < size; index++) {
      const name = 'abc'[Math.floor(this.random() * 3)] as string;
      const data = `${++this.counter}-${'x'.repeat(Math.floor(this.random() * 50))}`;
      stored.push([name, this.log(name).append({ reply: '', data: Buffer.from(data) }), data]);
    }
    await this.store.flush();
    for (const [name, sequence, data] of stored) {
      const known = this.promised.messages.get(name) ?? new Map<number, string>();
      this.promised.messages.set(name, known.set(sequence, data));
    }
    this.deliver();
  }

  private deliver(): void {
    const last = this.logs.get('a')?.lastSequence ?? 0;
    for (let sequence = this.promised.lastSent + 1; sequence <= last; sequence++) {
      this.store.journal.sent(CURSOR, sequence);
      this.promised.lastSent = sequence;
      if (this.random() < 0.3) continue;
      this.store.journal.acknowledged(CURSOR, sequence);
      this.promised.acknowledged.add(sequence);
    }
  }

  private log(name: string): MessageLog {
    const log = this.logs.get(name) ?? this.store.createChannel(name);
    this.logs.set(name, log);
    return log;
  }
}

function newStore(disk: SimulatedDisk, sync: boolean): FileStore {
  const lock = (): Promise<() => Promise<void>> => Promise.resolve(() => Promise.resolve());
  return new FileStore({
    directory: '/data',
    files: disk,
    lock,
    sync,
    limits: { messagesMax: MESSAGES_MAX },
  });
}

/** Every broken promise, as a sentence. */
async function brokenPromises(disk: SimulatedDisk, sync: boolean, promised: Promised): Promise<string[]> {
  const store = newStore(disk, sync);
  const { channels, cursors } = await store.open('cluster');
  const broken: string[] = [];
  for (const [name, messages] of promised.messages) {
    const lastSequence = channels.get(name)?.lastSequence ?? 0;
    for (const [sequence, data] of messages) {
      // Over the limit of the channel it was to be dropped.
      if (sequence <= lastSequence - MESSAGES_MAX) continue;
      const found = channels.get(name)?.read(sequence)?.includes(data) ?? false;
      if (!found) broken.push(`message ${sequence} of ${name} is gone or changed`);
    }
  }
  const cursor = cursors.find((candidate) => candidate.cursorId === CURSOR);
  if (promised.cursorSaved && cursor === undefined) broken.push('the durable is gone');
  const pending = new Set(cursor?.pending);
  for (let sequence = 1; sequence <= (cursor?.lastSent ?? 0); sequence++) {
    if (!promised.acknowledged.has(sequence) && !pending.has(sequence)) {
      broken.push(`the durable resumes past ${sequence}, which was not acknowledged`);
    }
  }
  await store.close();
  return broken;
}

/** Runs one disk through several lives, each ended by a cut, and returns what was broken. */
async function liveThroughCuts(seed: number, sync: boolean): Promise<string[]> {
  const random = seededRandom(seed);
  const promised: Promised = {
    messages: new Map(),
    lastSent: 0,
    acknowledged: new Set(),
    cursorSaved: false,
  };
  const broken: string[] = [];
  let disk = new SimulatedDisk(random);
  for (let life = 0; life < 3; life++) {
    const store = newStore(disk, sync);
    disk.cutAt = disk.operations + 5 + Math.floor(random() * 120);
    try {
      const { channels, cursors } = await store.open('cluster');
      promised.lastSent = cursors[0]?.lastSent ?? 0;
      await new Workload(store, promised, random, channels).run();
    } catch (error) {
      if (!String(error).includes('the power is gone') && !(error instanceof PowerCutError)) throw error;
    }
    await store.close().catch(() => undefined);
    disk = disk.survivor();
    broken.push(...(await brokenPromises(disk, sync, promised)));
  }
  return broken;
}

describe('a power cut', () => {
  it('takes nothing that was acknowledged, whenever it comes', async () => {
    const seed = runSeed();
    for (let cut = 0; cut < RUNS; cut++) {
      const broken = await liveThroughCuts(seed + cut, true);
      expect({ TEST_SEED: seed + cut, broken }).toEqual({ TEST_SEED: seed + cut, broken: [] });
    }
  }, 30_000);

  it('takes acknowledged messages when nothing is synced: the test sees what a missing sync does', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, seed) => liveThroughCuts(seed, false)),
    );
    const harmed = outcomes.filter((outcome) => outcome.status === 'rejected' || outcome.value.length > 0);
    expect(harmed.length).toBeGreaterThan(5);
  });
});
