import type { Mutant } from '../mutant.js';

const SETTLE_LANES = {
  file: 'libs/outbox/src/sql/settle-lanes.ts',
  within: 'SETTLE_LANES',
  language: 'sql',
} as const;
const STORE_ONE_MESSAGE = {
  file: 'libs/outbox/src/sql/store-messages.ts',
  within: 'STORE_ONE_MESSAGE',
  language: 'sql',
} as const;

/** How the outbox stores, claims and settles. */
export const RELAY_MUTANTS: readonly Mutant[] = [
  {
    name: 'no-lock-per-key',
    safeguard: "the lock on a key's counter, from the number that a transaction draws to its end",
    edits: [
      {
        ...STORE_ONE_MESSAGE,
        find: `insert into outbox_key as existing (key, last_sequence, queued_after)
          values ($2::text, 1, 0)
          on conflict (key) do update
          set last_sequence = existing.last_sequence + 1,
              queued_after = coalesce(existing.queued_after, existing.last_sequence)
          returning last_sequence, queued_after, clock_timestamp() as stored_at`,
        replace: `select count(*) + 1 as last_sequence, count(*) as queued_after, clock_timestamp() as stored_at
          from outbox_message where key = $2::text`,
      },
    ],
    breaks: 'two transactions of one key get the same number, and the event of one is passed over for ever',
  },
  {
    name: 'claim-of-event-rows',
    safeguard: 'a relay claims keys: what waits for one has one row in the queue',
    edits: [
      {
        ...STORE_ONE_MESSAGE,
        find: 'select $2, true, queued_after, stored_at,',
        replace: 'select $2, true, last_sequence - 1, stored_at,',
      },
      { ...STORE_ONE_MESSAGE, find: 'where last_sequence = queued_after + 1', replace: '' },
    ],
    breaks: 'two relays hold events of one key at once, and the later one may be published first',
  },
  {
    name: 'bare-cursor',
    safeguard:
      'a claim begins at the oldest transaction that is still open, not behind the last one that was seen',
    edits: [
      {
        file: 'libs/outbox/src/sql/claim-lanes.ts',
        within: 'claimText',
        language: 'sql',
        find: 'pg_snapshot_xmin(pg_current_snapshot()),',
        replace: 'pg_snapshot_xmax(pg_current_snapshot()),',
      },
    ],
    breaks: 'what commits later than others that began later is never looked at again',
  },
  {
    name: 'settle-before-acknowledgement',
    safeguard: 'a message is settled when the broker has acknowledged it',
    edits: [
      {
        file: 'libs/outbox/src/relay/batch.ts',
        within: 'publish',
        language: 'code',
        find: 'const ack = await bus.publish(message.type, payload, { messageId: message.id });',
        replace: `bus.publish(message.type, payload, { messageId: message.id }).catch(() => undefined); const ack = { guid: '' };`,
      },
    ],
    breaks:
      'what was handed to the client counts as published, and is lost with the connection or the process',
  },
  {
    name: 'settle-without-the-fence',
    safeguard: 'only the relay that still has the lease of its batch may settle it',
    edits: [
      {
        ...SETTLE_LANES,
        find: 'as run (key, state, settled_sequence, pending_since, attempts, failures, crashes, last_error, due_at) where exists (select from lease)',
        replace:
          'as run (key, state, settled_sequence, pending_since, attempts, failures, crashes, last_error, due_at)',
      },
      {
        ...SETTLE_LANES,
        find: 'delete from outbox_lane where lease_token = $1 and key in (select key from gone)',
        replace: 'delete from outbox_lane where key in (select key from gone)',
      },
      {
        ...SETTLE_LANES,
        find: 'where outbox_lane.lease_token = $1 and outbox_lane.key = run.key and run.key not in',
        replace: 'where outbox_lane.key = run.key and run.key not in',
      },
      {
        ...SETTLE_LANES,
        find: `where message.key = repeated.key and message.sequence = repeated.sequence and message.created_at >= $20
          and exists (select from lease)`,
        replace:
          'where message.key = repeated.key and message.sequence = repeated.sequence and message.created_at >= $20',
      },
    ],
    breaks:
      'a relay that overslept its lease frees a key that another one holds: a message is published by both, and counted once',
  },
];
