import { Catalog } from '../database/catalog.js';
import type { Libraries } from './service-modules.js';

/** What is used of a migration. */
export type Migration = new () => { up(runner: unknown): Promise<void> };

/** Around the day of every schedule: the partitions that there are said to be. */
const PARTITION_DAYS = 60;
const DAY_MS = 86_400_000;

/** Runs a service's migrations on an empty catalog: the tables of the seeded database are theirs. */
export async function catalogOf(
  { outbox }: Pick<Libraries, 'outbox'>,
  migrations: readonly Migration[],
): Promise<Catalog> {
  const catalog = new Catalog();
  const runner = {
    query: (text: string) => {
      if (text.includes('pg_inherits')) return Promise.resolve([everyPartition()]);
      catalog.define(text);
      return Promise.resolve([]);
    },
  };
  for (const Migration of [outbox.outboxMigration() as unknown as Migration, ...migrations]) {
    await new Migration().up(runner);
  }
  return catalog;
}

/** A partitioned table is one table here, for all days: none is missing. */
function everyPartition() {
  const today = Date.now();
  const days = Array.from({ length: 2 * PARTITION_DAYS + 1 }, (_, index) => {
    const day = new Date(today + (index - PARTITION_DAYS) * DAY_MS);
    return day.toISOString().slice(0, 10).replaceAll('-', '');
  });
  return { now_ms: today, of_outbox: days, of_inbox: days };
}
