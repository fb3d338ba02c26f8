import { describe, expect, it } from '@jest/globals';
import { serverError } from '../../testing/fake-database.js';
import { repeatingConflicts } from './repeating-conflicts.js';

/** Refuses so many times, then answers. */
function refusing(times: number, code: string) {
  const askedAt: number[] = [];
  const runner = {
    query<Rows>(): Promise<Rows> {
      askedAt.push(performance.now());
      return askedAt.length > times ? Promise.resolve([] as Rows) : Promise.reject(serverError(code));
    },
  };
  return { sql: repeatingConflicts(runner), askedAt };
}

describe('a statement that met others', () => {
  it('is repeated at once, and then with pauses in which they end', async () => {
    const { sql, askedAt } = refusing(8, '40001');
    await sql.query('select 1');
    expect(askedAt).toHaveLength(9);
    // 2, 4, 8, 16, 32, 64 and 100 ms, each no shorter than its half.
    expect(askedAt[8]! - askedAt[1]!).toBeGreaterThan(100);
  });

  it.each(['40001', '40P01'])('is given up when %s has come too often', async (code) => {
    const { sql, askedAt } = refusing(Infinity, code);
    await expect(sql.query('select 1')).rejects.toMatchObject({ code });
    expect(askedAt).toHaveLength(11);
  });

  it('is not repeated for another fault', async () => {
    const { sql, askedAt } = refusing(1, '42P01');
    await expect(sql.query('select 1')).rejects.toMatchObject({ code: '42P01' });
    expect(askedAt).toHaveLength(1);
  });
});
