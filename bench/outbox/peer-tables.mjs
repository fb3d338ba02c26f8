/** The peer's own tables, made by its own set-up, and a backlog in them. */
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseSetup } from 'pg-transactional-outbox';
import { CHANNEL, payloads } from './events.mjs';
import { query } from './servers.mjs';

export const PEER = {
  outboxOrInbox: 'outbox',
  database: 'postgres',
  schema: 'public',
  table: 'peer_outbox',
  listenerRole: 'postgres',
  nextMessagesName: 'next_peer_messages',
  publication: 'peer_publication',
  replicationSlot: 'peer_slot',
};

const BATCH = 1_000;
const LOOK_MS = 20;

/** Makes the tables; with a replication slot it must be done before the backlog is written. */
export async function createPeerTables(url, { replication }) {
  await query(url, DatabaseSetup.dropAndCreateTable(PEER));
  await query(url, DatabaseSetup.createPollingFunction(PEER));
  await query(url, DatabaseSetup.setupPollingIndexes(PEER));
  if (!replication) return;
  await query(url, DatabaseSetup.setupReplicationCore(PEER));
  await query(url, `select pg_create_logical_replication_slot('${PEER.replicationSlot}', 'pgoutput')`);
}

/** The slot belongs to the server, and would keep its log for ever. It is free once its reader's end is noticed. */
export async function dropReplicationSlot(url) {
  const active = `select pg_terminate_backend(active_pid) from pg_replication_slots
    where slot_name = '${PEER.replicationSlot}' and active`;
  while ((await query(url, active)).length > 0) await delay(LOOK_MS);
  await query(url, `select pg_drop_replication_slot('${PEER.replicationSlot}')`);
}

/** Its order is that of a segment: the key. */
export async function writePeerBacklog(url, messages, keys) {
  const all = payloads(messages, keys).map((payload) => JSON.parse(payload));
  for (let first = 0; first < all.length; first += BATCH) {
    const some = all.slice(first, first + BATCH);
    await query(
      url,
      `insert into ${PEER.table} (id, aggregate_type, aggregate_id, message_type, segment, payload)
       select id, 'account', key, $4, key, payload
       from unnest($1::uuid[], $2::text[], $3::jsonb[]) with ordinality as event (id, key, payload, position)
       order by position`,
      [
        some.map(({ id }) => id),
        some.map(({ partitionkey }) => partitionkey),
        some.map((event) => JSON.stringify(event)),
        CHANNEL,
      ],
    );
  }
  await query(url, `vacuum analyze ${PEER.table}`);
}
