import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planOf } from '../src/chaos/plan.js';
import { runLab, type LabRun } from './lab-process.js';

/** `TEST_SEED` plans another run. */
const SEED = Number(process.env['TEST_SEED'] ?? 30);
const SECONDS = 30;

/** A start, the run, a rolling restart that takes its time, and the recovery. */
jest.setTimeout(300_000);

interface Line {
  readonly what: string;
  readonly atMs: number;
  readonly key?: string;
  readonly fault?: number;
  readonly outcome?: string;
}

describe(`a chaos run of ${SECONDS} s`, () => {
  let directory: string;
  let run: LabRun;
  let history: readonly Line[];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'chaos-e2e-'));
    const minutes = ['--minutes', String(SECONDS / 60), '--strategy', 'outbox'];
    run = await runLab([
      'chaos',
      '--seed',
      String(SEED),
      ...minutes,
      '--report',
      join(directory, 'chaos.html'),
    ]);
    process.stderr.write(run.stdout);
    const text = await readFile(join(directory, 'chaos-outbox.jsonl'), 'utf8');
    history = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  });

  afterAll(() => rm(directory, { recursive: true }));

  const linesOf = (what: string) => history.filter((line) => line.what === what);

  it('finds nothing lost, nothing twice and nothing that does not come back; it prints its seed', () => {
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(new RegExp(`seed ${SEED}; the report is .+\\nNothing was found\\.\\n$`));
    expect(run.code).toBe(0);
  });

  it('has done every fault of the plan, and undone it', () => {
    const planned = planOf(SEED, SECONDS * 1_000).map(({ number }) => number);
    expect(planned.length).toBeGreaterThan(4);
    for (const what of ['struck', 'over']) {
      const done = linesOf(what).map(({ fault }) => fault);
      expect(new Set(done)).toEqual(new Set(planned));
      expect(done).toHaveLength(planned.length);
    }
  });

  it('has asked for transfers all the time, and remembers what it was told of each', () => {
    const asked = new Set(linesOf('asked').map(({ key }) => key));
    expect(asked.size).toBeGreaterThan(SECONDS);
    expect(new Set(linesOf('told').map(({ key }) => key))).toEqual(asked);
    expect(linesOf('told').filter(({ outcome }) => outcome === 'accepted').length).toBeGreaterThan(SECONDS);
    const last = Math.max(...linesOf('asked').map(({ atMs }) => atMs));
    expect(last).toBeGreaterThan((SECONDS - 5) * 1_000);
  });

  it('was watched while it ran, and has settled after it had healed', () => {
    expect(linesOf('reading').length).toBeGreaterThan(SECONDS / 2);
    expect(history.findLast(({ what }) => what === 'settled' || what === 'healed')?.what).toBe('settled');
  });

  it('leaves a report and a history, and nothing else', async () => {
    expect(await readdir(directory)).toEqual(['chaos-outbox.jsonl', 'chaos.html']);
    expect(await readFile(join(directory, 'chaos.html'), 'utf8')).toMatch(
      /^<!doctype html>[\s\S]+<\/html>\n$/,
    );
  });
});
