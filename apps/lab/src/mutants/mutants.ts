import { LabError } from '../lab.errors.js';
import { HERE, type Mutant } from './mutant.js';

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

const LEDGER_CLAIM = {
  file: 'apps/accounts/src/ledger/sql/post-transfer.ts',
  within: 'POST',
  language: 'sql',
  find: 'where $3::uuid is null or exists (select from settlement)',
  replace: '',
} as const;

/** Every safeguard that can be taken out. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no-inbox',
    safeguard: 'the inbox: a message that was handled is not handled again',
    edits: [
      {
        file: 'libs/outbox/src/inbox/inbox.ts',
        within: 'Inbox.process',
        language: 'code',
        find: `if (recorded.repeats > 0) return 'repeated';`,
        replace: '',
      },
    ],
    breaks: 'a message that comes twice is handled twice: only the ledger stands between it and the money',
  },
  {
    name: 'ledger-without-claim',
    safeguard:
      'the claim of a settlement: a transfer that has ended is not ended again, and its outcome is told anew',
    edits: [LEDGER_CLAIM],
    breaks:
      'a transfer that is handled twice runs into the unique key of its posting, and its message is dead',
  },
  {
    name: 'ledger-without-unique-transfer',
    safeguard: 'the unique key: the database takes one posting of a transfer, whatever the service does',
    edits: [
      LEDGER_CLAIM,
      {
        file: 'apps/accounts/src/ledger/create-ledger.migration.ts',
        within: 'CreateLedger1767225600002.up',
        language: 'sql',
        find: `transfer_id uuid unique check ((transfer_id is not null) = (kind = 'transfer')),`,
        replace: `transfer_id uuid check ((transfer_id is not null) = (kind = 'transfer')),`,
      },
    ],
    breaks: 'a transfer that is handled twice is posted twice',
  },
  {
    name: 'inbox-outside-the-transaction',
    safeguard: "the inbox's record is committed with what the handler does, or not at all",
    edits: [
      {
        file: 'libs/outbox/src/inbox/inbox.ts',
        within: 'Inbox.process',
        language: 'code',
        find: 'const recorded = await recordInInbox(this.tables.on(transaction.manager), event);',
        replace: 'const recorded = await recordInInbox(this.tables.on(this.dataSource), event);',
      },
    ],
    breaks: 'a message whose handler is cut short is taken for one that was handled, and never handled',
  },
  {
    name: 'acknowledge-before-commit',
    safeguard: 'a message is acknowledged when its handler has committed',
    edits: [
      {
        file: 'libs/nats/src/durable-subscription.ts',
        within: 'DurableSubscription.handle',
        language: 'code',
        find: 'await this.handler(busMessage);',
        replace: 'message.ack(); await this.handler(busMessage);',
      },
    ],
    breaks: 'the broker forgets a message whose handler is cut short',
  },
  {
    name: 'close-before-acknowledging',
    safeguard: 'a process that stops waits for its running handlers before it closes its connection',
    edits: [
      {
        file: 'libs/nats/src/durable-subscription.ts',
        within: 'DurableSubscription.drain',
        language: 'code',
        find: 'await Promise.all(this.running);',
        replace: '',
      },
    ],
    breaks: 'every rolling restart delivers again what was being handled',
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
    name: 'trust-the-callback',
    safeguard:
      "a client's success counts only if its connection outlives it; and the client never gives a connection up by itself, which is when it lies",
    edits: [
      {
        file: 'libs/nats/src/nats-streaming.bus.ts',
        within: 'NatsStreamingBus.publishNow',
        language: 'code',
        find: 'if (!this.connection.isUp(client)) reject(connectionEnded(channel, cause)); else if (cause)',
        replace: 'if (cause)',
      },
      {
        file: 'libs/nats/src/streaming-client.ts',
        within: 'clientOptionsOf',
        language: 'code',
        find: 'maxReconnectAttempts: -1,',
        replace: `maxReconnectAttempts: (${HERE}, 0),`,
      },
    ],
    breaks:
      'a client whose connection ends for good calls back without an error: what the broker never had is taken for acknowledged',
  },
  {
    name: 'publish-without-the-connected-gate',
    safeguard: 'nothing is handed to a client whose connection is interrupted',
    edits: [
      {
        file: 'libs/nats/src/session-keeper.ts',
        within: 'SessionKeeper.session',
        language: 'code',
        find: `if (this.current !== 'connected' || !this.kept) throw`,
        replace: 'if (!this.kept) throw',
      },
    ],
    breaks:
      'what the caller was told is not published waits in the client, and arrives when the connection is back',
  },
  {
    name: 'no-order-of-account-locks',
    safeguard: 'accounts are locked in the order of their ids',
    edits: [
      {
        file: 'apps/accounts/src/ledger/sql/lock-accounts.ts',
        within: 'LOCK_ACCOUNTS',
        language: 'sql',
        find: 'order by id for no key update',
        replace: 'order by array_position($1::uuid[], id) for no key update',
      },
    ],
    breaks: 'two transfers that cross each other wait for each other, until the database breaks one off',
  },
  {
    name: 'no-idempotency-record',
    safeguard: 'a request is recorded under its Idempotency-Key in the transaction of the transfer',
    edits: [
      {
        file: 'apps/transactions/src/idempotency/idempotency-records.ts',
        within: 'RECORD_KEY',
        language: 'sql',
        find: 'where existing.expires_at <= clock_timestamp() returning 1',
        replace: 'returning 1',
      },
    ],
    breaks: 'a client that asks again, since no answer came, has ordered twice',
  },
];

/** @throws UnknownMutantError */
export function mutantOf(name: string): Mutant {
  const found = MUTANTS.find((mutant) => mutant.name === name);
  if (found === undefined) throw new UnknownMutantError(name);
  return found;
}

/** No mutant has this name. */
export class UnknownMutantError extends LabError {
  readonly code = 'LAB_MUTANT_UNKNOWN';

  constructor(name: string) {
    super(`no mutant is called ${name}; there are: ${MUTANTS.map((mutant) => mutant.name).join(', ')}`);
  }
}
