/** The library's own tables in a new database, and what waits in them. */
import { setTimeout as delay } from 'node:timers/promises';
import { CHANNEL, eventOf, keyOf } from './events.mjs';
import { createOutbox, openDataSource, storeMessages, tables } from './library.mjs';

/** Events of one transaction of a backlog, at most. */
const BATCH = 1_000;
/** How often is looked whether the outbox is empty: a relay's rate is known to as much. */
const LOOK_MS = 20;
const EMPTIED_MS_MAX = 600_000;

/** A database with an empty outbox, and a pool of connections to it. */
export async function openOutbox(postgres, name) {
  const url = await postgres.createDatabase(name);
  const dataSource = await openDataSource(url);
  await createOutbox(dataSource);
  return {
    url,
    dataSource,
    drop: async () => {
      await dataSource.destroy();
      await postgres.dropDatabase(url);
    },
  };
}

/** Writes a backlog, and has the database look at it. */
export async function writeBacklog(outbox, messages, keys, options) {
  await writeMessages(outbox, messages, keys, options);
  await outbox.dataSource.query('vacuum analyze');
}

/**
 * Writes messages as the library stores them, dealt out over the keys in turn: each transaction has one of each of
 * its keys, so that the messages of a key stand far from each other, however many keys there are.
 */
export async function writeMessages(
  { dataSource },
  messages,
  keys,
  { firstKey = 0, channel = CHANNEL } = {},
) {
  const batch = Math.min(BATCH, keys);
  for (let first = 0; first < messages; first += batch) {
    const events = Array.from({ length: Math.min(batch, messages - first) }, (_, n) => {
      const key = keyOf(firstKey + ((first + n) % keys));
      return { event: eventOf(key, channel), key, ordered: true };
    });
    await dataSource.transaction((manager) => storeMessages(tables.on(manager), events));
  }
}

/**
 * Resolves when nothing waits any more.
 *
 * @throws Error when something waits all too long
 */
export async function emptied({ dataSource }) {
  const deadlineMs = performance.now() + EMPTIED_MS_MAX;
  while ((await dataSource.query('select from outbox_lane limit 1')).length > 0) {
    if (performance.now() > deadlineMs) throw new Error(`the outbox is not empty after ${EMPTIED_MS_MAX} ms`);
    await delay(LOOK_MS);
  }
}

/** What the service's own transactions write. */
export async function createDomainTables({ dataSource }) {
  await dataSource.query(
    'create table transfer (id uuid primary key, account text not null, amount_minor bigint not null)',
  );
  await dataSource.query(`create table entry (
    id bigint generated always as identity primary key, transfer_id uuid not null references transfer,
    amount_minor bigint not null)`);
}
