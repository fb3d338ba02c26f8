import { describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { labFile } from '../../parts/repository.js';

jest.setTimeout(60_000);

/** What schedules come to in a process of their own, line by line. */
async function hashes(...seeds: readonly number[]): Promise<string[]> {
  const script = labFile('simulation/journal/record-hashes.js');
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...seeds.map(String)]);
  return stdout.trim().split('\n');
}

describe('a schedule', () => {
  it('is the same in another process, behind another schedule and behind itself, and leaves all globals as they were', async () => {
    const [[before, alone, behind], [, , ...together]] = await Promise.all([hashes(2), hashes(1, 2, 3, 2)]);
    expect([before, behind]).toEqual(['globals true', 'globals true']);
    const [second, third, again, end] = together;
    expect([second, again]).toEqual([alone, alone]);
    expect(third).not.toBe(alone);
    expect(end).toBe('globals true');
  });
});
