import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLab } from './lab-process.js';

const SCHEDULES = 500;
/** Of those, these are run once more, by one process alone. */
const AGAIN = { seed: 471, schedules: 30 };
/** Some 20 s of computing where nobody else computes. */
jest.setTimeout(300_000);

interface Data {
  readonly run: { readonly hashes: readonly string[]; readonly withFaults: number };
}

describe('the simulation', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'simulate-e2e-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  /** Runs schedules and returns what is written of them. */
  async function simulate(...options: string[]): Promise<Data['run'] & { readonly said: string }> {
    const json = join(directory, 'run.json');
    const { code, stdout, stderr } = await runLab(['simulate', ...options, '--json', json]);
    expect({ code, stderr, end: code === 0 ? '' : stdout }).toEqual({ code: 0, stderr: '', end: '' });
    const { run } = JSON.parse(await readFile(json, 'utf8')) as Data;
    return { ...run, said: stdout };
  }

  it(`finds nothing in ${SCHEDULES} schedules, and the same seed is the same history in another process`, async () => {
    const all = await simulate('--schedules', String(SCHEDULES), '--workers', '2');
    expect(all.said).toMatch(
      new RegExp(
        `${SCHEDULES} schedules, faults struck in \\d+: nothing was found; .* a minute; history \\w{16}\n$`,
      ),
    );
    expect(all.withFaults).toBeGreaterThan(SCHEDULES / 2);
    expect(new Set(all.hashes).size).toBe(SCHEDULES);
    const { seed, schedules } = AGAIN;
    const again = await simulate('--seed', String(seed), '--schedules', String(schedules), '--workers', '1');
    expect(again.hashes).toEqual(all.hashes.slice(seed - 1, seed - 1 + schedules));
  });

  it('misses a safeguard, makes the plan smaller, and tells its story again', async () => {
    const { code, stdout, stderr } = await runLab(['simulate', '--mutant', 'trust-the-callback']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^lost: transfer \S+: the outbox of transactions says that its event is published/m,
    );
    expect(stdout).toMatch(/^made smaller in \d+ tries: orders \d+ → 1, /m);
    expect(stdout).toMatch(
      /^without trust-the-callback: .*\(ran: trust-the-callback#1, trust-the-callback#2\)$/m,
    );
    const replay = /^npm run simulate -- (--replay \d+ --mutant trust-the-callback) tells this again/m.exec(
      stdout,
    );
    const again = await runLab(['simulate', ...(replay?.[1]?.split(' ') ?? [])]);
    expect(again.code).toBe(1);
    expect(again.stdout).toMatch(/^sequenceDiagram$/m);
    expect(stdout.startsWith(again.stdout)).toBe(true);
  });
});
