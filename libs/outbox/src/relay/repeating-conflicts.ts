import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs } from '@app/nats';
import type { SqlRunner } from '../schema/tables.js';
import { isRetryable } from '../unit-of-work-failures.js';

/** Each repeat has a fresh snapshot, so one or two do; a statement that meets others this often has another fault. */
const REPEATS_MAX = 10;
/** Before the second repeat and before the later ones, in ms: where many meet, they let each other end. */
const PAUSE_FIRST_MS = 2;
const PAUSE_LONGEST_MS = 100;

/**
 * Repeats statements that failed for nothing but what ran beside them. Under READ COMMITTED, for which the statements
 * of the relay are written, that does not happen; but a database, or its user, may have another default isolation,
 * and under that PostgreSQL refuses what it can't put in a row (40001). Each statement is a transaction of its own and
 * was rolled back, so it may be repeated as it is.
 */
export function repeatingConflicts(runner: SqlRunner): SqlRunner {
  return {
    async query<Rows>(sql: string, parameters?: unknown[]): Promise<Rows> {
      for (let repeats = 0; ; repeats++) {
        try {
          return await runner.query<Rows>(sql, parameters);
        } catch (error) {
          if (repeats >= REPEATS_MAX || !isRetryable(error)) throw error;
        }
        if (repeats > 0) await pause(backoffMs(repeats - 1, PAUSE_FIRST_MS, PAUSE_LONGEST_MS));
      }
    },
  };
}
