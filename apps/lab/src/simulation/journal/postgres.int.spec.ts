import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { deserialize } from 'node:v8';
import { startPostgres, type PostgresPart } from '../../parts/postgres/postgres.part.js';
import { labFile } from '../../parts/repository.js';
import type { Journal } from './journal.js';
import { PostgresReplay } from './postgres-replay.js';
import { RealDatabase } from './real-database.js';

jest.setTimeout(240_000);

/**
 * Of some, since each statement is played with three round trips. The rarest one, what ended the relays, is in 9, 143 and 162:
 * a schedule may be left before its end, as the last test says.
 */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 143, 162];
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
/** Every text that 400 schedules have run. */
const TEXTS = 18;

const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);

describe('what the seeded databases have done in the founding and in 12 schedules, played again in PostgreSQL', () => {
  let postgres: PostgresPart;
  const databases = new Map<readonly string[], RealDatabase>();
  const replays: PostgresReplay[] = [];

  beforeAll(async () => {
    const recorded = promisify(execFile)(
      process.execPath,
      [labFile('simulation/journal/record-journals.js'), ...SEEDS.map(String)],
      { encoding: 'buffer', maxBuffer: OUTPUT_BYTES_MAX },
    );
    // A server of its own: which transactions are open in it is a part of what is compared.
    const [started, { stdout }] = await Promise.all([startPostgres(console.warn), recorded]);
    postgres = started;
    for (const journal of deserialize(stdout) as Journal[]) {
      let database = databases.get(journal.migrations);
      if (!database) {
        const url = await postgres.createDatabase(`journal_${databases.size}`);
        database = await RealDatabase.make(url, journal.migrations);
        databases.set(journal.migrations, database);
      }
      replays.push(await new PostgresReplay(database, journal).play());
    }
  });
  afterAll(async () => {
    await Promise.all([...databases.values()].map((database) => database.end()));
    await postgres.stop();
  });

  it('has the same answers, errors, waits, transaction ids, floors and tables', () => {
    expect(replays.flatMap(({ differences }) => differences)).toEqual([]);
  });

  it(`was asked all ${TEXTS} statements of the bank, more than 1,500 times, and waited more than 30 times`, () => {
    expect(new Set(replays.flatMap(({ texts }) => [...texts])).size).toBe(TEXTS);
    expect(total(replays.map(({ statements }) => statements))).toBeGreaterThan(1_500);
    expect(total(replays.map(({ waits }) => waits))).toBeGreaterThan(30);
  });

  it('is left before its end where two had waited for one and the other came first, and that is rare', () => {
    expect(replays.filter(({ raced }) => raced).length).toBeLessThanOrEqual(SEEDS.length / 2);
  });
});
