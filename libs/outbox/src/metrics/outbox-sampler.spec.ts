import { eventually, RecordedLog } from '@app/nats/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Gate } from '../../testing/gate.js';
import { Tables } from '../schema/tables.js';
import { OutboxSampler, SAMPLER_DEFAULTS } from './outbox-sampler.js';

const ROW = { lanes: 1, pending: 3, oldest_ms: 7.4 };
/** So long that a test ends before it does. */
const NEVER_MS = 60_000;

let log: RecordedLog;
let asked: number;
let answer: () => Promise<unknown>;

beforeEach(() => {
  log = RecordedLog.start();
  asked = 0;
  answer = () => Promise.resolve([ROW]);
});

function samplerWith(options: Partial<typeof SAMPLER_DEFAULTS> = {}): OutboxSampler {
  const query = <Rows>() => {
    asked++;
    return answer() as Promise<Rows>;
  };
  return new OutboxSampler(new Tables().on({ query }), {
    ...SAMPLER_DEFAULTS,
    everyMs: NEVER_MS,
    waitMs: NEVER_MS,
    ...options,
  });
}

describe('a sample', () => {
  it('is taken once for all who ask at once, and for those who ask soon after', async () => {
    const sampler = samplerWith();
    const samples = await Promise.all(Array.from({ length: 20 }, () => sampler.sample()));
    samples.push(await sampler.sample());
    expect(samples.map((sample) => sample?.pendingMessages)).toEqual(Array.from({ length: 21 }, () => 3));
    expect(asked).toBe(1);
  });

  it('is taken anew when its time is over', async () => {
    const sampler = samplerWith({ everyMs: 0 });
    await sampler.sample();
    answer = () => Promise.resolve([{ ...ROW, pending: 4 }]);
    expect((await sampler.sample())?.pendingMessages).toBe(4);
  });

  it('is not taken while nobody asks', async () => {
    samplerWith({ everyMs: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(0);
  });

  it('is nothing while the database fails, which is logged once; then it is there again', async () => {
    const sampler = samplerWith({ everyMs: 0 });
    await sampler.sample();
    answer = () => Promise.reject(new Error('away'));
    expect([await sampler.sample(), await sampler.sample()]).toEqual([undefined, undefined]);
    expect(log.lines).toEqual(['warn The state of the outbox cannot be read: Error: away']);
    answer = () => Promise.resolve([ROW]);
    expect(await sampler.sample()).toBeDefined();
  });

  it('does not ask a database that failed more often than one that answers', async () => {
    const sampler = samplerWith();
    answer = () => Promise.reject(new Error('away'));
    await sampler.sample();
    await sampler.sample();
    expect(asked).toBe(1);
  });

  it('is not waited for longer than said: a scrape does not hang with the database', async () => {
    const gate = new Gate();
    answer = () => gate.opened.then(() => [ROW]);
    const sampler = samplerWith({ everyMs: 0, waitMs: 1 });
    expect([await sampler.sample(), await sampler.sample()]).toEqual([undefined, undefined]);
    expect(asked).toBe(1);
    gate.open();
    await eventually('the answer comes', async () => (await sampler.sample()) !== undefined);
  });
});
